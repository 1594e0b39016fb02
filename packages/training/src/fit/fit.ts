import type * as tf from '@tensorflow/tfjs'
import { describeRun } from '../checkpoint/describeRun.ts'
import type { BatchSource } from '../data/batchSource.ts'
import { dataParts } from '../data/labelledData.ts'
import { preparedData } from '../data/preparedData.ts'
import { streamSource } from '../data/streamSource.ts'
import { tensorSource } from '../data/tensorSource.ts'
import { evaluated } from '../evaluate/evaluateElbo.ts'
import { type ScoredData, scoredData } from '../evaluate/scoredData.ts'
import { Checkpoints } from './checkpoints.ts'
import type { FitOptions, TrainingData, TrainingStream } from './fitOptions.ts'
import { fitPlan } from './fitPlan.ts'
import type { EpochRecord, History, ValidationRecord } from './history.ts'
import { Run } from './run.ts'
import { RunClock } from './runClock.ts'
import { type RunContext, trainEpoch } from './trainEpoch.ts'

const VALIDATION_BATCH = 1000

/**
 * Trains a model on the evidence lower bound: minimizes `mean NLL + (beta / N) KL` per example.
 *
 * Works on any `tf.LayersModel`; layers that are not Bayesian are trained as usual, and a model without Bayesian layers
 * by maximum likelihood. The rows are shuffled anew in each epoch; all randomness follows from the seed. With a checkpoint store that holds a
 * checkpoint of the same run, it goes on from there and ends with the same bits as a run that was never stopped.
 *
 * @param model a built model; its weights are updated in place
 * @param data x [rows, ...] and y [rows, ...], checked once, or a stream of batches, each checked as it comes; a validation split that is only ever scored
 * @param options see `FitOptions`
 * @returns what was done, epoch by epoch, as plain data
 * @throws InvalidOptionError, ShapeMismatchError, NonFiniteDataError, InvalidTargetError, UnsupportedModelError or CheckpointMismatchError
 *   before any work; DivergedLossError with the index of the batch where the loss becomes NaN or infinite; what the checkpoint store throws
 */
export async function fit(model: tf.LayersModel, data: TrainingData | TrainingStream, options: FitOptions): Promise<History> {
  const plan = fitPlan(model, data, options)
  const { likelihoods } = plan
  const { checkpoint, epochs } = options
  let source: BatchSource | undefined
  let validation: ScoredData | undefined
  let run: Run | undefined
  try {
    source =
      'stream' in data
        ? streamSource(data, { ...plan, model })
        : tensorSource(
            await preparedData(dataParts('data', data, model, likelihoods), model, likelihoods),
            plan.batchSize,
            options.seed,
          )
    validation = data.validation && (await scoredData('validation', data.validation, model, likelihoods, VALIDATION_BATCH))
    const checkpoints = checkpoint && new Checkpoints(checkpoint, describeRun(model, await source.fingerprint(), plan, options))
    run = new Run(model, plan, options, source, validation)
    await checkpoints?.resume(run)
    const clock = new RunClock((epochs - run.position.epoch) * plan.rows - run.sums.rows)
    return await trained(run, { source, plan, options, checkpoints, clock }, validation)
  } finally {
    run?.dispose()
    source?.dispose()
    validation?.dispose()
  }
}

async function trained(run: Run, context: RunContext, validation: ScoredData | undefined): Promise<History> {
  const { plan, options, checkpoints } = context
  const { epochs, signal, progress, onEpoch } = options
  const done = (): boolean => run.position.epoch >= epochs || run.best?.exhausted === true
  let partial: EpochRecord | undefined
  while (!done() && !signal?.aborted) {
    const training = await trainEpoch(run, context)
    if (!training) break
    const stepsDone = run.position.batch === plan.batches
    const held = stepsDone && validation ? await validated(run, validation, plan.datasetSize, signal) : undefined
    const record = held ? { ...training, validation: held } : training
    progress?.onEpoch?.(record)
    await onEpoch?.(record)
    if (!stepsDone || (validation && !held)) {
      partial = record
      break
    }
    run.complete(record)
    if (checkpoints?.due && !done()) await checkpoints.save(run)
  }
  await checkpoints?.save(run)
  if (done()) run.best?.apply()
  const bestEpoch = run.best?.epoch
  const history: History = {
    epochs: partial ? [...run.records, partial] : [...run.records],
    stopped: !done() ? 'aborted' : run.position.epoch >= epochs ? 'finished' : 'earlyStopped',
    ...(bestEpoch !== undefined && { bestEpoch }),
    execution: run.execution,
  }
  progress?.onEnd?.(history)
  return history
}

/** Scores the validation split with the same noise after each epoch, so that its curve shows the weights and not the draw; undefined where an abort comes. */
async function validated(
  run: Run,
  validation: ScoredData,
  datasetSize: number,
  signal: AbortSignal | undefined,
): Promise<ValidationRecord | undefined> {
  try {
    const scored = await evaluated(run.evaluation!, validation.batches(run.position.epoch), {
      datasetSize,
      ...(signal && { signal }),
    })
    const { elbo, nll, error } = scored
    return { elbo, nll, ...(error !== undefined && { error }) }
  } catch (error) {
    if (signal?.aborted) return undefined
    throw error
  }
}
