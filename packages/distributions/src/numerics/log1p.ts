import * as tf from '@tensorflow/tfjs'
import { elementwise } from './elementwise.ts'

/**
 * log(1 + x), to the last digits also for small x.
 *
 * The wasm kernel of tf.log1p forms 1 + x first, which loses a small x altogether. Here the digits that 1 + x drops come back to first
 * order: log(w) + (x - (w - 1)) / w with w = 1 + x.
 *
 * @param x >= -1, finite; -Infinity at -1
 */
export function log1p(x: tf.Tensor): tf.Tensor {
  return elementwise([x], {
    value: ([v]) => {
      const w = tf.add(v, 1)
      return tf.add(tf.log(w), tf.divNoNan(tf.sub(v, tf.sub(w, 1)), w))
    },
    derivatives: ([v]) => [() => tf.div(1, tf.add(v, 1))],
  })
}

/**
 * log(1 + x^2), without overflow of the square.
 *
 *     |x| <= 1: log1p(x^2);   |x| > 1: 2 log|x| + log1p(1 / x^2)
 *
 * @param x real, infinities included
 */
export function log1pSquare(x: tf.Tensor): tf.Tensor {
  return elementwise([x], {
    value: ([v]) => {
      const size = tf.abs(v)
      const large = tf.maximum(size, 1)
      return tf.add(tf.mul(tf.log(large), 2), log1p(tf.square(tf.div(tf.minimum(size, 1), large))))
    },
    // 2 x / (1 + x^2), which is the same for x and 1 / x.
    derivatives: ([v]) => [
      () => {
        const size = tf.abs(v)
        const ratio = tf.div(tf.minimum(size, 1), tf.maximum(size, 1))
        return tf.mul(tf.sign(v), tf.div(tf.mul(ratio, 2), tf.add(tf.square(ratio), 1)))
      },
    ],
  })
}
