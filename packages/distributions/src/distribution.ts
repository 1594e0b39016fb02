import type * as tf from '@tensorflow/tfjs'
import type { Parameter } from './parameter.ts'

/** Which independent random numbers a sampler takes: standard normal ones, or uniform ones on [0, 1). */
export type NoiseKind = 'normal' | 'uniform'

/**
 * A probability distribution over tensors.
 *
 * Every method returns a new tensor that the caller owns, in nats where it is a logarithm, and leaves no other tensor behind. Parameters
 * given as tensors stay the caller's and must live as long as the distribution is used.
 */
export abstract class Distribution {
  /** The name of the family, as it stands in a serialized distribution. */
  abstract readonly family: string

  /** The parameters by name. */
  abstract readonly parameters: Readonly<Record<string, Parameter>>

  /** The shape to which the parameters broadcast: one distribution per element. */
  abstract readonly batchShape: readonly number[]

  /** Which noise {@link sample} takes. */
  abstract readonly noiseKind: NoiseKind

  /**
   * The log-density at x, elementwise.
   *
   * @param x float32, any shape that broadcasts with the batch shape
   * @returns log p(x) in nats, of the broadcast shape
   */
  abstract logProb(x: tf.Tensor): tf.Tensor

  /**
   * Turns noise into draws from the distribution.
   *
   * @param noise independent random numbers of {@link noiseKind}, any shape that broadcasts with the batch shape
   * @returns draws of the broadcast shape
   */
  abstract sample(noise: tf.Tensor): tf.Tensor

  /** The mean, of the batch shape. */
  abstract mean(): tf.Tensor

  /** The variance, of the batch shape. */
  abstract variance(): tf.Tensor

  /** The (differential) entropy -E[log p(x)] in nats, of the batch shape. */
  abstract entropy(): tf.Tensor
}
