import * as tf from '@tensorflow/tfjs'

/** The polynomial with the given coefficients, constant first, by Horner's rule. */
export function polynomial(x: tf.Tensor, coefficients: readonly number[]): tf.Tensor {
  const [highest, ...rest] = coefficients.toReversed()
  return rest.reduce<tf.Tensor>((sum, coefficient) => tf.add(tf.mul(sum, x), coefficient), tf.fill(x.shape, highest ?? 0))
}
