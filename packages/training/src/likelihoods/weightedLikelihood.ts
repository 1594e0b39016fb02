import * as tf from '@tensorflow/tfjs'
import type { Likelihood } from './likelihood.ts'

/**
 * A likelihood in which an example counts `weight` times; with 0 it is masked out.
 *
 * Targets and weights travel together as the columns of one float32 tensor, so that whatever slices or gathers targets keeps them in step.
 *
 * @param likelihood of the examples
 * @param y targets as the likelihood's `prepareTargets` gives them, [rows, ...]
 * @param weights [rows]
 * @returns the likelihood, and its targets as a new tensor that the caller owns
 */
export function weightedLikelihood(
  likelihood: Likelihood,
  y: tf.Tensor,
  weights: tf.Tensor,
): { readonly likelihood: Likelihood; readonly y: tf.Tensor } {
  const [rows, ...sizes] = y.shape
  const columns = y.size / rows!
  const packed = tf.tidy(() => tf.concat([y.toFloat().reshape([rows!, columns]), weights.toFloat().reshape([rows!, 1])], 1))
  const targetOf = (both: tf.Tensor): tf.Tensor =>
    tf.cast(tf.slice(both, [0, 0], [-1, columns]).reshape([both.shape[0]!, ...sizes]), y.dtype)
  const weightOf = (both: tf.Tensor): tf.Tensor => tf.slice(both, [0, columns], [-1, 1]).reshape([both.shape[0]!])
  const weighted = (values: tf.Tensor, both: tf.Tensor): tf.Tensor => tf.mul(values, weightOf(both))
  const { name, settings, variables } = likelihood
  const result: Likelihood = {
    name,
    ...(settings && { settings }),
    ...(variables && { variables }),
    logLikelihood: (outputs, both) => tf.tidy(() => weighted(likelihood.logLikelihood(outputs, targetOf(both)), both)),
    ...(likelihood.predictionError && {
      predictionError: (outputs: tf.Tensor, both: tf.Tensor) =>
        tf.tidy(() => weighted(likelihood.predictionError!(outputs, targetOf(both)), both)),
    }),
  }
  return { likelihood: result, y: packed }
}
