import * as tf from '@tensorflow/tfjs'
import { type CompiledStep, compile } from '@tfjs-bayes/backend/compile'
import type { Checkpoint, CheckpointTensor } from '../checkpoint/checkpoint.ts'
import { type RunDescription, requireSameRun } from '../checkpoint/runDescription.ts'
import type { BatchSource, SourceBatch } from '../data/batchSource.ts'
import { CheckpointMismatchError, DivergedWeightsError } from '../errors.ts'
import { Evaluation } from '../evaluate/evaluation.ts'
import type { ScoredData } from '../evaluate/scoredData.ts'
import type { OptimizerRun } from '../optimizers/optimizer.ts'
import { tfjsOptimizer } from '../optimizers/tfjsOptimizer.ts'
import { deriveSeed, SeedPurpose } from '../random/deriveSeed.ts'
import { BestEpoch } from './bestEpoch.ts'
import { type EpochSums, NO_SUMS } from './epochMeter.ts'
import type { FitOptions } from './fitOptions.ts'
import type { FitPlan } from './fitPlan.ts'
import type { EpochRecord, Execution } from './history.ts'
import { type TrainingStep, type TrainingStepResult, trainableVariables, trainingStep } from './trainingStep.ts'

/** A training run at work: its variables and where it is. What it holds is all that a checkpoint saves. */
export class Run {
  /** What scores the validation data, where there are some. */
  readonly evaluation: Evaluation | undefined
  readonly best: BestEpoch | undefined
  /** Epochs that are complete. */
  readonly records: EpochRecord[] = []
  /** The next step. */
  position: { readonly epoch: number; readonly batch: number } = { epoch: 0, batch: 0 }
  /** Sums over the steps of the epoch under way, as they were last read. */
  sums: EpochSums = NO_SUMS
  readonly #weights: readonly tf.Variable[]
  readonly #optimizer: OptimizerRun
  readonly #step: BatchStep
  readonly #compiled: CompiledStep<readonly tf.Tensor[], TrainingStepResult> | undefined

  constructor(
    model: tf.LayersModel,
    plan: FitPlan,
    { seed, compile: wanted = true }: FitOptions,
    source: Pick<BatchSource, 'likelihood' | 'indexed'>,
    validation?: Pick<ScoredData, 'likelihood' | 'batchRows'>,
  ) {
    const own = source.likelihood.variables ?? []
    const variables = [...trainableVariables(model), ...own]
    this.#weights = [...model.weights.map((weight) => weight.read() as tf.Variable), ...own]
    this.#optimizer =
      plan.optimizer instanceof tf.Optimizer ? tfjsOptimizer(plan.optimizer, variables) : plan.optimizer.start(variables)
    this.best = plan.earlyStopping && new BestEpoch(plan.earlyStopping, this.#weights)
    const training = { ...plan, model, likelihood: source.likelihood, variables, optimizer: this.#optimizer }
    const single = trainingStep({ ...training, seed: deriveSeed(seed, SeedPurpose.trainingNoise) })
    const step = source.indexed ? indexedStep(single) : inputsFirst(single)
    this.#compiled = wanted ? compile(step) : undefined
    this.#step = this.#compiled ?? step
    this.evaluation =
      validation &&
      new Evaluation({
        ...validation,
        model,
        samples: plan.validationSamples,
        seed: deriveSeed(seed, SeedPurpose.validationNoise),
        compile: wanted,
      })
  }

  get execution(): Execution {
    if (!this.#compiled) return { compiled: false, reason: 'compile: false' }
    const { compiled, reason } = this.#compiled.graph
    return { compiled, ...(reason && { reason: reason.message }) }
  }

  /** Takes a step on a batch, and frees the batch. */
  take(
    batch: SourceBatch,
    { counter, beta, learningRate }: { readonly counter: number; readonly beta: number; readonly learningRate: number },
  ): TrainingStepResult {
    try {
      return tf.tidy(() => this.#step(tf.scalar(counter, 'int32'), tf.scalar(beta), tf.scalar(learningRate), ...batch.inputs))
    } finally {
      batch.dispose()
    }
  }

  /** Closes the epoch under way. */
  complete(record: EpochRecord): void {
    this.records.push(record)
    this.best?.offer(record)
    this.position = { epoch: this.position.epoch + 1, batch: 0 }
    this.sums = NO_SUMS
  }

  /** Refuses to go on with weights that are NaN or infinite: the loss of the step that spoiled them was still finite. */
  async requireFiniteWeights(): Promise<void> {
    const floats = this.#weights.filter(({ dtype }) => dtype === 'float32')
    const flags = tf.tidy(() => tf.stack(floats.map((weight) => tf.all(tf.isFinite(weight)))))
    const finite = await flags.data()
    flags.dispose()
    const spoiled = floats.filter((_, i) => !finite[i]).map(({ name }) => name)
    const { epoch, batch } = this.position
    if (spoiled.length > 0) throw new DivergedWeightsError({ epoch, batch: batch - 1, weights: spoiled })
  }

  /** All that another process needs to go on from here, read from the device. */
  async checkpoint(description: RunDescription): Promise<Checkpoint> {
    const tensors: CheckpointTensor[] = []
    for (const [name, tensor] of this.#namedTensors()) {
      const values = (await tensor.data()) as CheckpointTensor['values']
      tensors.push({ name, dtype: tensor.dtype as CheckpointTensor['dtype'], shape: tensor.shape, values })
    }
    return { description, position: this.position, epochs: [...this.records], sums: this.sums, tensors }
  }

  /** Goes on where a checkpoint was taken. */
  restore(checkpoint: Checkpoint, description: RunDescription): void {
    requireSameRun(checkpoint.description, description, checkpoint.epochs.length)
    const saved = new Map(checkpoint.tensors.map((tensor) => [tensor.name, tensor]))
    const tensorOf = (name: string, shape: readonly number[]): tf.Tensor => {
      const found = saved.get(name)
      if (!found || !tf.util.arraysEqual([...found.shape], [...shape])) {
        throw new CheckpointMismatchError(name, found?.shape, shape)
      }
      return tf.tensor(found.values, [...shape], found.dtype)
    }
    tf.tidy(() => {
      for (const [name, variable] of this.#namedVariables()) variable.assign(tensorOf(name, variable.shape))
    })
    const kept = saved.has(bestName(0)) ? this.#weights.map(({ shape }, i) => tensorOf(bestName(i), shape)) : []
    this.best?.restore(checkpoint.epochs, kept)
    this.records.push(...checkpoint.epochs)
    this.position = checkpoint.position
    this.sums = checkpoint.sums
  }

  dispose(): void {
    this.#compiled?.dispose()
    this.evaluation?.dispose()
    this.#optimizer.dispose()
    this.best?.dispose()
  }

  *#namedVariables(): Generator<[string, tf.Variable]> {
    for (const [i, weight] of this.#weights.entries()) yield [`weight/${i}`, weight]
    for (const [name, variable] of this.#optimizer.state) yield [`optimizer/${name}`, variable]
  }

  *#namedTensors(): Generator<[string, tf.Tensor]> {
    yield* this.#namedVariables()
    for (const [i, weight] of (this.best?.weights ?? []).entries()) yield [bestName(i), weight]
  }
}

/** Counter, beta and learning rate, and then the inputs of a `SourceBatch`. */
type BatchStep = (...args: readonly tf.Tensor[]) => TrainingStepResult

function inputsFirst(step: TrainingStep): BatchStep {
  return (counter, beta, learningRate, x, y) => step(x!, y!, counter as tf.Scalar, beta as tf.Scalar, learningRate as tf.Scalar)
}

/** The step on the rows of x and y with the given indices. */
function indexedStep(step: TrainingStep): BatchStep {
  return (counter, beta, learningRate, x, y, indices) =>
    tf.tidy(() => {
      const [rows, targets] = [tf.gather(x!, indices as tf.Tensor1D), tf.gather(y!, indices as tf.Tensor1D)]
      return step(rows, targets, counter as tf.Scalar, beta as tf.Scalar, learningRate as tf.Scalar)
    })
}

const bestName = (index: number): string => `best/${index}`
