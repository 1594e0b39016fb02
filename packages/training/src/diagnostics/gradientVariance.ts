import * as tf from '@tensorflow/tfjs'
import { compile } from '@tfjs-bayes/backend/compile'
import { variationalLayers } from '@tfjs-bayes/layers'
import { requireTrainableModel } from '../checks/model.ts'
import { requireNonNegative, requireObject, requirePositiveInteger, requireSeed } from '../checks/options.ts'
import { dataParts, type LabelledData } from '../data/labelledData.ts'
import { type PreparedData, preparedData } from '../data/preparedData.ts'
import type { Several } from '../data/several.ts'
import { elboTerms } from '../elbo/elboTerms.ts'
import { negativeElbo } from '../elbo/negativeElbo.ts'
import { InvalidOptionError, UnsupportedModelError } from '../errors.ts'
import type { Likelihood } from '../likelihoods/likelihood.ts'
import { likelihoodsOf } from '../likelihoods/likelihoodsOf.ts'
import { EventLoop } from '../loop/eventLoop.ts'
import { deriveSeed, SeedPurpose } from '../random/deriveSeed.ts'

export interface GradientVarianceOptions {
  /** For a model with several outputs one for each, by place or by name. */
  readonly likelihood: Several<Likelihood>
  /** N of the training set. */
  readonly datasetSize: number
  /** Noise draws for each minibatch, at least 2. */
  readonly draws: number
  /** int32; the same seed gives the same bits. */
  readonly seed: number
  /** Draws S that one gradient averages over; default 1. */
  readonly samples?: number
  /** Weight of the KL; default 1. */
  readonly beta?: number
  /**
   * 'batch' (default): each draw of noise serves the minibatch, as in training. 'example': every row gets draws of its own, as if the model were run row
   * by row. With `weightSampling` that is one weight draw for each example: what the local trick gets without drawing weights. The variance of the mean of
   * M such gradients is the sum of theirs over M^2, which is how it is measured: a gradient for each row and draw, so it takes M times as long.
   */
  readonly drawFor?: 'batch' | 'example'
  readonly signal?: AbortSignal
}

/** Variance of the gradient of the loss (nats per example), per parameter, averaged over the kernel of a layer. */
export interface LayerGradientVariance {
  /** Name of the layer. */
  readonly layer: string
  readonly mu: number
  readonly rho: number
}

/**
 * How much the noise alone scatters the gradients of an estimator: the variance over noise draws on fixed minibatches, averaged over the minibatches.
 *
 * What the local reparameterization trick lowers. The variance that comes from which rows are in a minibatch is not in it.
 * Kingma, Salimans & Welling (2015), "Variational Dropout and the Local Reparameterization Trick", section 2.1 and table 1.
 *
 * @param batches minibatches, each x [rows, ...] and y [rows, ...]
 * @returns one entry for each variational layer, in the order of `variationalLayers`
 * @throws InvalidOptionError, ShapeMismatchError, NonFiniteDataError, InvalidTargetError or UnsupportedModelError before any work
 */
export async function gradientVariance(
  model: tf.LayersModel,
  batches: readonly LabelledData[],
  options: GradientVarianceOptions,
): Promise<LayerGradientVariance[]> {
  requireTrainableModel(model)
  requireObject('options', options, '{ likelihood, datasetSize, draws, seed }')
  const { datasetSize, draws, seed, samples = 1, beta = 1, drawFor = 'batch', signal } = options
  const likelihoods = likelihoodsOf(model, options.likelihood)
  requirePositiveInteger('datasetSize', datasetSize)
  requirePositiveInteger('samples', samples)
  requireNonNegative('beta', beta)
  requireSeed('seed', seed)
  if (!Number.isSafeInteger(draws) || draws < 2)
    throw new InvalidOptionError('draws', draws, 'an integer of at least 2: one draw has no variance')
  if (drawFor !== 'batch' && drawFor !== 'example') throw new InvalidOptionError('drawFor', drawFor, "'batch' or 'example'")
  if (!Array.isArray(batches)) throw new InvalidOptionError('batches', batches, 'an array of minibatches { x, y }')
  if (batches.length === 0) throw new InvalidOptionError('batches', '[]', 'at least one minibatch')
  const parts = batches.map((batch, index) => dataParts(`batches[${index}]`, batch, model, likelihoods))
  const layers = variationalLayers(model)
  if (layers.length === 0)
    throw new UnsupportedModelError('The model has no variational layer.', 'Only their gradients are noisy.')
  const kernels = layers.flatMap((layer) => [layer.kernelMu.read() as tf.Variable, layer.kernelRho.read() as tf.Variable])
  const noise = deriveSeed(seed, SeedPurpose.gradientNoise)
  const gradientsOf = (own: Likelihood) => {
    const terms = elboTerms({ model, likelihood: own, samples, seed: noise })
    return compile((x: tf.Tensor, y: tf.Tensor, counter: tf.Scalar): tf.Tensor[] => {
      const { grads } = tf.variableGrads(() => negativeElbo({ ...terms(x, y, counter), datasetSize, beta }), kernels)
      return kernels.map((kernel) => grads[kernel.name]!)
    })
  }

  const eventLoop = new EventLoop()
  const total = new Array<number>(kernels.length).fill(0)
  let counter = 0
  for (const batch of parts) {
    const prepared = await preparedData(batch, model, likelihoods)
    const gradients = gradientsOf(prepared.likelihood)
    try {
      for (const part of drawFor === 'example' ? rowsOf(prepared) : [prepared]) {
        const running = new RunningVariance()
        try {
          for (let draw = 0; draw < draws; draw++) {
            signal?.throwIfAborted()
            running.add(tf.tidy(() => gradients(part.x, part.y, tf.scalar(counter++, 'int32'))))
            if (eventLoop.due) await eventLoop.turn()
          }
          const weight = drawFor === 'example' ? prepared.x.shape[0]! ** -2 : 1
          const variances = await running.means()
          variances.forEach((variance, i) => {
            total[i]! += (weight * variance) / batches.length
          })
        } finally {
          running.dispose()
          if (part !== prepared) tf.dispose([part.x, part.y])
        }
      }
    } finally {
      gradients.dispose()
      prepared.dispose()
    }
  }
  return layers.map((layer, i) => ({ layer: layer.name, mu: total[2 * i]!, rho: total[2 * i + 1]! }))
}

/** The rows of a minibatch one by one; the tensors are the caller's. */
function* rowsOf({ x, y }: Pick<PreparedData, 'x' | 'y'>): Generator<Pick<PreparedData, 'x' | 'y'>> {
  for (let row = 0; row < x.shape[0]!; row++) yield { x: tf.slice(x, row, 1), y: tf.slice(y, row, 1) }
}

/** Mean and sum of squared deviations of a list of tensors, entry by entry: Welford (1962), which does not cancel where the mean is large. */
class RunningVariance {
  #count = 0
  #mean: tf.Tensor[] = []
  #deviation: tf.Tensor[] = []

  /** Takes in one list of tensors, which become its own. */
  add(values: readonly tf.Tensor[]): void {
    this.#count++
    const next = tf.tidy(() =>
      values.map((value, i): [tf.Tensor, tf.Tensor] => {
        const mean = this.#mean[i]
        if (mean === undefined) return [value.clone(), tf.zerosLike(value)]
        const delta = tf.sub(value, mean)
        const moved = tf.add(mean, tf.div(delta, this.#count))
        return [moved, tf.add(this.#deviation[i]!, tf.mul(delta, tf.sub(value, moved)))]
      }),
    )
    tf.dispose([...values])
    this.dispose()
    this.#mean = next.map(([mean]) => mean)
    this.#deviation = next.map(([, deviation]) => deviation)
  }

  /** Unbiased variance of each tensor's entries, averaged over the tensor. */
  async means(): Promise<number[]> {
    const stacked = tf.tidy(() => tf.stack(this.#deviation.map((deviation) => tf.div(tf.mean(deviation), this.#count - 1))))
    const values = await stacked.data()
    stacked.dispose()
    return [...values]
  }

  dispose(): void {
    tf.dispose([...this.#mean, ...this.#deviation])
    this.#mean = []
    this.#deviation = []
  }
}
