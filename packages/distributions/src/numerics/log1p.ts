import * as tf from '@tensorflow/tfjs'
import { elementwise } from './elementwise.ts'
import { sign } from './sign.ts'

/**
 * log(1 + x), to the last digits also for small x.
 *
 * @param x >= -1, finite; -Infinity at -1
 */
export function log1p(x: tf.Tensor): tf.Tensor {
  return elementwise([x], {
    value: ([v]) => log1pValue(v),
    derivatives: ([v]) => [() => tf.div(1, tf.add(v, 1))],
  })
}

/** Backends whose own log1p keeps the digits of a small x. That of wasm forms 1 + x first, which loses such an x altogether. */
const EXACT_BACKENDS: readonly string[] = ['tensorflow', 'cpu']

/**
 * The values of {@link log1p}, for rules with derivatives of their own.
 *
 * Where the backend's op will not do, the digits that w = 1 + x drops come back to first order: log(w) + (x - (w - 1)) / w.
 */
export function log1pValue(x: tf.Tensor): tf.Tensor {
  if (EXACT_BACKENDS.includes(tf.getBackend())) return tf.log1p(x)
  const w = tf.add(x, 1)
  return tf.add(tf.log(w), tf.divNoNan(tf.sub(x, tf.sub(w, 1)), w))
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
        return tf.mul(sign(v), tf.div(tf.mul(ratio, 2), tf.add(tf.square(ratio), 1)))
      },
    ],
  })
}
