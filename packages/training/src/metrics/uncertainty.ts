import type * as tf from '@tensorflow/tfjs'
import { ShapeMismatchError } from '../errors.ts'
import { predictiveEntropy } from './predictiveEntropy.ts'

/** Uncertainty of each row in nats, [rows]. */
export interface Uncertainty {
  /** Entropy of the mean probabilities: all of the uncertainty. */
  readonly entropy: Float64Array
  /** Mean of the draws' entropies: what would stay if the weights were known (aleatoric). */
  readonly expectedEntropy: Float64Array
  /** What the label would tell about the weights (epistemic): entropy - expectedEntropy. */
  readonly mutualInformation: Float64Array
}

/**
 * Splits the uncertainty of a classification into its two parts, from the probabilities of every draw.
 *
 * Entropy is concave, so the mutual information cannot be negative (Jensen); rounding can make it so, by about 1e-7, and is clamped to 0.
 * Depeweg et al. (2018), "Decomposition of Uncertainty in Bayesian Deep Learning".
 *
 * @param draws probabilities of every draw, [draws, rows, classes], at least one draw: a tensor, or its numbers in row-major order with their shape
 * @returns one number a row, in nats
 * @throws ShapeMismatchError or InvalidProbabilityError (whose row counts through the draws)
 */
export function uncertainty(
  draws: tf.Tensor | { readonly data: ArrayLike<number>; readonly shape: readonly number[] },
): Uncertainty {
  const [samples, rows, classes] = draws.shape
  if (draws.shape.length !== 3 || !samples || !rows || !classes) {
    throw new ShapeMismatchError('draws', draws.shape, '[draws, rows, classes], none of them 0')
  }
  const values = 'dataSync' in draws ? draws.dataSync() : draws.data
  const each = predictiveEntropy({ data: values, shape: [samples * rows, classes] })
  const mean = new Float64Array(rows * classes)
  for (let i = 0; i < values.length; i++) mean[i % mean.length]! += values[i]! / samples
  const expectedEntropy = new Float64Array(rows)
  for (let i = 0; i < each.length; i++) expectedEntropy[i % rows]! += each[i]! / samples
  const entropy = predictiveEntropy({ data: mean, shape: [rows, classes] })
  return { entropy, expectedEntropy, mutualInformation: entropy.map((total, row) => Math.max(0, total - expectedEntropy[row]!)) }
}
