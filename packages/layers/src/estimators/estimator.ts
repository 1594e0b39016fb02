import type * as tf from '@tensorflow/tfjs'
import type { LinearOperator, Operator } from '../operators/linearOperator.ts'

/** The mean-field Gaussian posterior of one weight tensor in one forward pass: independent N(mu, sigma^2). */
export interface WeightPosterior {
  readonly mu: tf.Tensor
  readonly sigma: tf.Tensor
  /** sigma^2, computed once. */
  variance(): tf.Tensor
  /** eps, one a weight: the same at each call in a pass. */
  noise(): tf.Tensor
  /** mu + sigma * eps with that noise. */
  draw(): tf.Tensor
}

/** What an estimator computes with. */
export interface PreActivationArgs {
  readonly operator: LinearOperator
  /** The layer's input, rows along the first axis. */
  readonly x: tf.Tensor
  readonly kernel: WeightPosterior
  readonly bias?: WeightPosterior
  /** A value that depends on x and the posterior but on no noise: where draws share them, it is computed once for all. */
  readonly once: (slot: string, make: () => tf.Tensor) => tf.Tensor
  /** Standard normal numbers, new ones at each call; those that all rows share have 1 as the first axis. */
  readonly noise: (slot: string, shape: readonly number[]) => tf.Tensor
  /** Random signs, -1 or 1, new ones at each call. */
  readonly signs: (slot: string, shape: readonly number[]) => tf.Tensor
}

/**
 * How a layer turns weights that have a distribution into pre-activations. It knows nothing of which operator it works on.
 *
 * Adding an estimator gives it to every operator.
 */
export interface Estimator {
  /** Whether the prediction is made with one draw of the weights: then a Monte-Carlo KL is taken on that very draw. */
  readonly drawsWeights: boolean
  /** Whether it computes with the posterior's variance: then a closed KL is computed beside it. Default false. */
  readonly takesVariance?: boolean
  /** Why it cannot work with an operator; default: it can. */
  readonly obstacle?: (operator: Operator) => string | undefined
  /** @returns the pre-activation of the layer; inside the caller's tidy */
  preActivation(args: PreActivationArgs): tf.Tensor
}
