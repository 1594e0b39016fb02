import * as tf from '@tensorflow/tfjs'

/** -1, 0 or 1, elementwise, by comparison: wasm's own op takes an x of 1e-7 for 0. For rules with derivatives of their own: no gradient passes. */
export function sign(x: tf.Tensor): tf.Tensor {
  return tf.sub(tf.cast(tf.greater(x, 0), 'float32'), tf.cast(tf.less(x, 0), 'float32'))
}
