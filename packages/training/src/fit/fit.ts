import * as tf from '@tensorflow/tfjs'
import { compile, type StepGraphInfo } from '@tfjs-bayes/backend/compile'
import { checkedTargets, type LabelledData } from '../data/labelledData.ts'
import { evaluated } from '../evaluate/evaluateElbo.ts'
import { type EvaluationStep, evaluationStep } from '../evaluate/evaluationStep.ts'
import { type BatchRange, batchRanges } from '../loop/batchRanges.ts'
import { EventLoop } from '../loop/eventLoop.ts'
import { tfjsOptimizer } from '../optimizers/tfjsOptimizer.ts'
import { deriveSeed, SeedPurpose } from '../random/deriveSeed.ts'
import { shuffledOrder } from '../random/shuffledOrder.ts'
import { betaAt } from '../schedules/betaSchedule.ts'
import { learningRateAt } from '../schedules/learningRateSchedule.ts'
import { EpochMeter } from './epochMeter.ts'
import type { FitOptions, TrainingData } from './fitOptions.ts'
import { type FitPlan, fitPlan } from './fitPlan.ts'
import type { EpochRecord, Execution, History, ValidationRecord } from './history.ts'
import { type TrainingStep, type TrainingStepResult, trainableVariables, trainingStep } from './trainingStep.ts'

/** Steps whose results may wait on the device before they are read. */
const MOST_PENDING = 256
const VALIDATION_BATCH = 1000

/**
 * Trains a model on the evidence lower bound: minimizes `mean NLL + (beta / N) KL` per example.
 *
 * Works on any `tf.LayersModel` with one input and one output; layers that are not Bayesian are trained as usual, and a model without Bayesian layers
 * by maximum likelihood. The rows are shuffled anew in each epoch; all randomness follows from the seed.
 *
 * @param model a built model; its weights are updated in place
 * @param data x [rows, ...] and y [rows, ...], checked once; a validation split that is only ever scored
 * @param options see `FitOptions`
 * @returns what was done, epoch by epoch, as plain data
 * @throws InvalidOptionError, ShapeMismatchError, NonFiniteDataError, InvalidTargetError or UnsupportedModelError before any work;
 *   DivergedLossError with the index of the batch where the loss becomes NaN or infinite
 */
export async function fit(model: tf.LayersModel, data: TrainingData, options: FitOptions): Promise<History> {
  const plan = fitPlan(model, data, options)
  const { likelihood } = options
  const outputShape = model.outputs[0]!.shape
  const targets: tf.Tensor[] = []
  const prepared = async (what: string, labelled: LabelledData): Promise<LabelledData> => {
    const y = await checkedTargets(what, labelled, likelihood, outputShape)
    targets.push(y)
    return { x: labelled.x, y }
  }
  try {
    const training = await prepared('data', data)
    const validation = data.validation && (await prepared('validation', data.validation))
    return await trained(model, training, validation, plan, options)
  } finally {
    tf.dispose(targets)
  }
}

async function trained(
  model: tf.LayersModel,
  training: LabelledData,
  validation: LabelledData | undefined,
  plan: FitPlan,
  options: FitOptions,
): Promise<History> {
  const { likelihood, seed, epochs, signal, progress, onEpoch } = options
  const variables = trainableVariables(model)
  const { optimizer: chosen } = plan
  const optimizer = chosen instanceof tf.Optimizer ? tfjsOptimizer(chosen, variables) : chosen.start(variables)
  const trainingNoise = deriveSeed(seed, SeedPurpose.trainingNoise)
  const validationNoise = deriveSeed(seed, SeedPurpose.validationNoise)
  const eagerStep = trainingStep({ ...plan, model, likelihood, variables, optimizer, seed: trainingNoise })
  const eagerScore = evaluationStep({ model, likelihood, samples: plan.validationSamples, seed: validationNoise })
  const compiled = options.compile === false ? undefined : { step: compile(eagerStep), score: compile(eagerScore) }
  const { step, score } = compiled ?? { step: eagerStep, score: eagerScore }
  const clock = new RunClock(epochs * plan.rows)
  const records: EpochRecord[] = []
  try {
    while (records.length < epochs && !signal?.aborted) {
      const trainedEpoch = await trainEpoch(step, training, plan, options, records.length, clock)
      if (!trainedEpoch) break
      const held = validation && (await validated(score, validation, plan.datasetSize, signal))
      const record = held ? { ...trainedEpoch, validation: held } : trainedEpoch
      records.push(record)
      progress?.onEpoch?.(record)
      await onEpoch?.(record)
    }
    const last = records.at(-1)
    const complete = records.length === epochs && last?.examples === plan.rows && (!validation || last.validation !== undefined)
    const history: History = {
      epochs: records,
      stopped: complete ? 'finished' : 'aborted',
      execution: executionOf(compiled?.step.graph),
    }
    progress?.onEnd?.(history)
    return history
  } finally {
    compiled?.step.dispose()
    compiled?.score.dispose()
    optimizer.dispose()
  }
}

function executionOf(graph: StepGraphInfo | undefined): Execution {
  if (!graph) return { compiled: false, reason: 'compile: false' }
  return { compiled: graph.compiled, ...(graph.reason && { reason: graph.reason.message }) }
}

/** Runs the steps of one epoch; undefined where an abort came before the first. */
async function trainEpoch(
  step: TrainingStep,
  data: LabelledData,
  plan: FitPlan,
  { seed, epochs, signal, progress }: FitOptions,
  epoch: number,
  clock: RunClock,
): Promise<EpochRecord | undefined> {
  const { rows, batchSize, datasetSize } = plan
  const order = shuffledOrder(rows, seed, epoch)
  const ranges = batchRanges(rows, batchSize)
  const meter = new EpochMeter(epoch)
  const eventLoop = new EventLoop()
  const started = performance.now()
  let steps = 0
  let examples = 0
  let learningRate: number | undefined
  const soFar = async () => {
    const means = await meter.means()
    const klPerExample = means.kl / datasetSize
    const examplesPerSecond = examples / ((performance.now() - started) / 1000)
    return { ...means, klPerExample, elbo: -(means.nll + klPerExample), examples, examplesPerSecond }
  }
  try {
    for (const range of ranges) {
      if (signal?.aborted) break
      const { batch, rows: batchRows } = range
      const position = { step: epoch * ranges.length + batch, epoch, epochs, batch, batches: ranges.length, batchRows, rows }
      const beta = betaAt(plan.beta, position)
      learningRate = plan.learningRate && learningRateAt(plan.learningRate, position)
      const scalars = { counter: position.step, beta, learningRate: learningRate ?? 0 }
      meter.add(takeStep(step, data, order, range, scalars), batchRows, beta)
      steps++
      examples += batchRows
      clock.examples += batchRows
      if (eventLoop.due || meter.pending >= MOST_PENDING) {
        const { kl: _, ...means } = await soFar()
        progress?.onProgress?.({ ...means, epoch, epochs, step: steps, steps: ranges.length, etaSeconds: clock.etaSeconds })
        await eventLoop.turn()
      }
    }
    if (steps === 0) return undefined
    const means = await soFar()
    const rate = learningRate === undefined ? {} : { learningRate }
    return { epoch, steps, ...means, ...rate, seconds: (performance.now() - started) / 1000 }
  } finally {
    meter.dispose()
  }
}

/** Gathers the rows of one batch, not the whole data set in its new order, and takes the step. */
function takeStep(
  step: TrainingStep,
  { x, y }: LabelledData,
  order: Int32Array,
  { start, rows }: BatchRange,
  scalars: { readonly counter: number; readonly beta: number; readonly learningRate: number },
): TrainingStepResult {
  return tf.tidy(() => {
    const indices = tf.tensor1d(order.subarray(start, start + rows), 'int32')
    const counter = tf.scalar(scalars.counter, 'int32')
    return step(tf.gather(x, indices), tf.gather(y, indices), counter, tf.scalar(scalars.beta), tf.scalar(scalars.learningRate))
  })
}

/** Scores the validation split with the same noise after each epoch, so that its curve shows the weights and not the draw; undefined where an abort comes. */
async function validated(
  score: EvaluationStep,
  validation: LabelledData,
  datasetSize: number,
  signal: AbortSignal | undefined,
): Promise<ValidationRecord | undefined> {
  try {
    const scored = await evaluated(score, validation, { datasetSize, batchSize: VALIDATION_BATCH, ...(signal && { signal }) })
    const { elbo, nll, error } = scored
    return { elbo, nll, ...(error !== undefined && { error }) }
  } catch (error) {
    if (signal?.aborted) return undefined
    throw error
  }
}

/** Time and work of the whole run, validation included. */
class RunClock {
  examples = 0
  readonly #total: number
  readonly #started = performance.now()

  constructor(total: number) {
    this.#total = total
  }

  get etaSeconds(): number {
    const seconds = (performance.now() - this.#started) / 1000
    return (seconds / this.examples) * (this.#total - this.examples)
  }
}
