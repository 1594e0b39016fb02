import * as tf from '@tensorflow/tfjs'
import { type CompiledStep, compile } from '@tfjs-bayes/backend/compile'
import { type Mode, variationalLayers } from '@tfjs-bayes/layers'
import { requireFinite } from '../checks/data.ts'
import { requireInputShape, requireLogits, requireSingleInputAndOutput } from '../checks/model.ts'
import { requirePositiveInteger, requireSeed } from '../checks/options.ts'
import { InvalidOptionError, NonFiniteOutputError, ShapeMismatchError, UnsupportedModelError } from '../errors.ts'
import { type BatchRange, batchRanges } from '../loop/batchRanges.ts'
import { EventLoop } from '../loop/eventLoop.ts'
import { deriveSeed, SeedPurpose } from '../random/deriveSeed.ts'
import { type PredictiveDraws, predictiveDraws } from './predictiveDraws.ts'

export interface PredictiveOptions {
  /** int32; the same seed gives the same bits. */
  readonly seed: number
  /** Draws S; default 100. A model without Bayesian layers, or in mode 'mean', is run once. */
  readonly samples?: number
  /** Rows at once; default 1000. Bounds the memory, with the draws taken a few at a time. */
  readonly batchSize?: number
  /** 'sample' (default): average over draws; 'mean': one pass with the posterior means, which says nothing about the weights' uncertainty. */
  readonly mode?: Mode
  /** Ends the prediction with the signal's reason as the error. */
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: PredictiveProgress) => void
}

export interface PredictiveProgress {
  /** Rows times draws that are done, and in all. */
  readonly done: number
  readonly total: number
  readonly etaSeconds: number
}

/** The posterior predictive distribution of a classification; all tensors float32 and the caller's, all entropies in nats. */
export interface Predictive {
  /** Mean of the draws' probabilities, [rows, classes]. */
  readonly probabilities: tf.Tensor2D
  /** Logarithms of those means, finite where the probability underflows, [rows, classes]. */
  readonly logProbabilities: tf.Tensor2D
  /** Total uncertainty: entropy of the mean probabilities, [rows]. */
  readonly entropy: tf.Tensor1D
  /** Aleatoric part: mean of the draws' entropies, [rows]. */
  readonly expectedEntropy: tf.Tensor1D
  /** Epistemic part: entropy - expectedEntropy, [rows]; below 0 by rounding only, and then 0. */
  readonly mutualInformation: tf.Tensor1D
  /** Draws that were taken. */
  readonly samples: number
  dispose(): void
}

/** Draws that one call of the model function takes; more would only cost memory. */
const DRAWS_AT_ONCE = 10
/** Most numbers of one chunk, [draws, rows, classes]. */
const CHUNK_NUMBERS = 4_000_000

/**
 * The posterior predictive distribution p(y | x) = E_q[p(y | x, w)] and how uncertain it is, from S draws.
 *
 * Averages probabilities, not logits, in log space and across chunks in float64. Memory is bounded whatever S and the number of rows; beside the result
 * only one batch and a few draws of it are held. Draw s uses the same noise in each batch: with `weightSampling` a draw is therefore one function over all
 * rows, whatever the batch size; with `localReparameterization` rows are independent within a batch, and rows at the same place of two batches are not.
 * Depeweg et al. (2018), "Decomposition of Uncertainty in Bayesian Deep Learning", for the parts of the entropy.
 *
 * @param model a model whose outputs are logits [rows, classes]
 * @param x inputs, [rows, ...]
 * @throws InvalidOptionError, ShapeMismatchError, NonFiniteDataError or UnsupportedModelError before any work; NonFiniteOutputError;
 *   the reason of `signal` where that aborts
 */
export async function predictive(model: tf.LayersModel, x: tf.Tensor, options: PredictiveOptions): Promise<Predictive> {
  const { seed, batchSize = 1000, mode = 'sample', signal, onProgress } = options
  const classes = checkedClasses(model, x, options)
  await requireFinite('x', x)
  const samples = mode === 'mean' || variationalLayers(model).length === 0 ? 1 : (options.samples ?? 100)
  const rows = x.shape[0]!
  const sums = new PredictiveSums(rows, classes)
  const noise = deriveSeed(seed, SeedPurpose.predictiveNoise)
  const chunks = drawChunks(model, { samples, mode, seed: noise }, Math.min(rows, batchSize) * classes)
  const eventLoop = new EventLoop()
  const started = performance.now()
  let done = 0
  try {
    for (const range of batchRanges(rows, batchSize)) {
      const batch = tf.slice(x, range.start, range.rows)
      try {
        for (const { firstDraw, draws, run } of chunks) {
          signal?.throwIfAborted()
          await sums.add(
            range,
            tf.tidy(() => run(batch, tf.scalar(firstDraw, 'int32'))),
          )
          done += range.rows * draws
          if (eventLoop.due || done === rows * samples) {
            const etaSeconds = ((performance.now() - started) / 1000) * ((rows * samples) / done - 1)
            onProgress?.({ done, total: rows * samples, etaSeconds })
            await eventLoop.turn()
          }
        }
      } finally {
        batch.dispose()
      }
    }
  } finally {
    for (const { run } of chunks) run.dispose()
  }
  return sums.predictive(samples)
}

function checkedClasses(
  model: tf.LayersModel,
  x: tf.Tensor,
  { seed, samples = 100, batchSize = 1000, mode = 'sample' }: PredictiveOptions,
): number {
  requireSingleInputAndOutput(model)
  requireLogits(model)
  const outputShape = model.outputs[0]!.shape
  const classes = outputShape[1]
  if (outputShape.length !== 2 || !classes || classes < 2) {
    throw new UnsupportedModelError(
      `The output of the model has shape [${outputShape.map((size) => size ?? 'rows').join(', ')}].`,
      'Class probabilities need logits of shape [rows, classes] with at least two classes.',
    )
  }
  if (x.rank === 0 || x.shape[0] === 0) throw new ShapeMismatchError('x', x.shape, 'at least one row')
  requireInputShape('x', x, model)
  requireSeed('seed', seed)
  requirePositiveInteger('samples', samples)
  requirePositiveInteger('batchSize', batchSize)
  if (mode !== 'sample' && mode !== 'mean') throw new InvalidOptionError('mode', mode, "'sample' or 'mean'")
  return classes
}

interface DrawChunk {
  readonly firstDraw: number
  readonly draws: number
  readonly run: CompiledStep<[x: tf.Tensor, counter: tf.Scalar], PredictiveDraws>
}

/** Cuts S draws into chunks of nearly the same size, so that at most two functions (and two compiled graphs) serve them all. */
function drawChunks(
  model: tf.LayersModel,
  { samples, mode, seed }: { readonly samples: number; readonly mode: Mode; readonly seed: number },
  numbersOfDraw: number,
): DrawChunk[] {
  const most = Math.max(1, Math.min(DRAWS_AT_ONCE, Math.floor(CHUNK_NUMBERS / numbersOfDraw)))
  const count = Math.ceil(samples / most)
  const functions = new Map<number, DrawChunk['run']>()
  return Array.from({ length: count }, (_, chunk) => {
    const firstDraw = Math.floor((chunk * samples) / count)
    const draws = Math.floor(((chunk + 1) * samples) / count) - firstDraw
    const run = functions.get(draws) ?? compile(predictiveDraws({ model, draws, mode, seed }))
    functions.set(draws, run)
    return { firstDraw, draws, run }
  })
}

/** Sums over draws in float64, one entry a row and class. */
class PredictiveSums {
  readonly #rows: number
  readonly #classes: number
  readonly #logProbability: Float64Array
  readonly #entropy: Float64Array

  constructor(rows: number, classes: number) {
    this.#rows = rows
    this.#classes = classes
    this.#logProbability = new Float64Array(rows * classes).fill(Number.NEGATIVE_INFINITY)
    this.#entropy = new Float64Array(rows)
  }

  /** Adds the draws of a chunk and frees its tensors. */
  async add({ start, rows }: BatchRange, { logProbabilitySum, entropySum }: PredictiveDraws): Promise<void> {
    const [logs, entropies] = await Promise.all([logProbabilitySum.data(), entropySum.data()])
    tf.dispose([logProbabilitySum, entropySum])
    const offset = start * this.#classes
    for (let i = 0; i < rows * this.#classes; i++)
      this.#logProbability[offset + i] = logAdd(this.#logProbability[offset + i]!, logs[i]!)
    for (let row = 0; row < rows; row++) {
      if (!Number.isFinite(entropies[row]!)) throw new NonFiniteOutputError(start + row)
      this.#entropy[start + row]! += entropies[row]!
    }
  }

  predictive(samples: number): Predictive {
    const logProbabilities = this.#logProbability.map((value) => value - Math.log(samples))
    const expected = this.#entropy.map((value) => Math.max(0, value / samples))
    const total = new Float64Array(this.#rows)
    logProbabilities.forEach((value, i) => {
      if (value > Number.NEGATIVE_INFINITY) total[Math.floor(i / this.#classes)]! -= Math.exp(value) * value
    })
    const shape: [number, number] = [this.#rows, this.#classes]
    const column = (value: (row: number) => number): tf.Tensor1D =>
      tf.tensor1d(Float32Array.from({ length: this.#rows }, (_, row) => value(row)))
    const tensors = {
      probabilities: tf.tensor2d(Float32Array.from(logProbabilities, Math.exp), shape),
      logProbabilities: tf.tensor2d(Float32Array.from(logProbabilities), shape),
      entropy: column((row) => Math.max(0, total[row]!)),
      expectedEntropy: column((row) => expected[row]!),
      mutualInformation: column((row) => (samples === 1 ? 0 : Math.max(0, total[row]! - expected[row]!))),
    }
    return { ...tensors, samples, dispose: () => tf.dispose(tensors) }
  }
}

/** log(exp(a) + exp(b)) */
function logAdd(a: number, b: number): number {
  const high = Math.max(a, b)
  return high === Number.NEGATIVE_INFINITY ? high : high + Math.log1p(Math.exp(Math.min(a, b) - high))
}
