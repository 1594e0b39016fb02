import * as tf from '@tensorflow/tfjs'
import type { Likelihood } from './likelihood.ts'

/** A likelihood whose targets carry the weights of their examples, or which of their numbers are known, and what makes them. */
export interface WeightedTargets {
  readonly likelihood: Likelihood
  /**
   * Packs targets with what goes with them as the columns of one float32 tensor, so that whatever slices or gathers targets keeps them in step.
   *
   * @param y targets as the likelihood's `prepareTargets` gives them, [rows, ...]; of one shape (but for the rows) and type at each call
   * @param weights [rows]; default 1
   * @param mask 0 or 1, as many numbers as y; default 1
   * @returns a new tensor that the caller owns
   */
  pack(y: tf.Tensor, weights: tf.Tensor | undefined, mask: tf.Tensor | undefined): tf.Tensor
}

/**
 * A likelihood in which an example counts `weight` times (with 0 it is masked out), and numbers of a target may be missing.
 *
 * @param likelihood of the examples; with `elements` where a mask is to come
 * @param extras what goes with the targets
 */
export function weightedLikelihood(
  likelihood: Likelihood,
  extras: { readonly weights: boolean; readonly mask: boolean },
): WeightedTargets {
  const { name, settings, variables, elements } = likelihood
  let sizes: number[] = []
  let dtype: tf.DataType = 'float32'
  const rowsOf = (both: tf.Tensor, from: number, columns: number): tf.Tensor2D =>
    tf.slice(both as tf.Tensor2D, [0, from], [-1, columns])
  const numbers = (): number => tf.util.sizeFromShape(sizes)
  const targetOf = (both: tf.Tensor): tf.Tensor => tf.cast(rowsOf(both, 0, numbers()).reshape([both.shape[0]!, ...sizes]), dtype)
  const maskOf = (both: tf.Tensor): tf.Tensor2D => rowsOf(both, numbers(), numbers())
  const weighted = (values: tf.Tensor, both: tf.Tensor): tf.Tensor =>
    extras.weights ? tf.mul(values, rowsOf(both, both.shape[1]! - 1, 1).reshape([both.shape[0]!])) : values
  const known = (values: tf.Tensor, both: tf.Tensor): tf.Tensor => tf.sum(tf.mul(values, maskOf(both)), 1)
  const logLikelihood = (outputs: tf.Tensor, both: tf.Tensor): tf.Tensor =>
    extras.mask
      ? known(elements!.logLikelihood(outputs, targetOf(both)), both)
      : likelihood.logLikelihood(outputs, targetOf(both))
  const predictionError = (outputs: tf.Tensor, both: tf.Tensor): tf.Tensor =>
    extras.mask
      ? tf.div(known(elements!.predictionError(outputs, targetOf(both)), both), tf.maximum(tf.sum(maskOf(both), 1), 1))
      : likelihood.predictionError!(outputs, targetOf(both))
  return {
    likelihood: {
      name,
      ...(settings && { settings }),
      ...(variables && { variables }),
      logLikelihood: (outputs, both) => tf.tidy(() => weighted(logLikelihood(outputs, both), both)),
      ...(likelihood.predictionError && {
        predictionError: (outputs: tf.Tensor, both: tf.Tensor) => tf.tidy(() => weighted(predictionError(outputs, both), both)),
      }),
    },
    pack: (y, weights, mask) =>
      tf.tidy(() => {
        const rows = y.shape[0]!
        sizes = y.shape.slice(1)
        dtype = y.dtype
        const columns = (values: tf.Tensor | undefined, count: number): tf.Tensor2D =>
          values ? values.toFloat().reshape([rows, count]) : tf.ones([rows, count])
        const parts = [columns(y, numbers())]
        if (extras.mask) parts.push(columns(mask, numbers()))
        if (extras.weights) parts.push(columns(weights, 1))
        return parts.length === 1 ? parts[0]!.clone() : tf.concat(parts, 1)
      }),
  }
}
