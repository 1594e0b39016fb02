import * as tf from '@tensorflow/tfjs'
import { elementwise } from './elementwise.ts'

/**
 * log(exp(x_1) + ... + exp(x_K)) of K tensors, elementwise: a mixture without a K-fold tensor in memory.
 *
 * @param terms at least one; they broadcast; -Infinity stands for a term of 0
 * @returns of the broadcast shape, -Infinity where every term is
 */
export function logSumExp(terms: readonly tf.Tensor[]): tf.Tensor {
  return elementwise(terms, {
    value: (xs, save) => {
      const most = xs.reduce((a, b) => tf.maximum(a, b))
      // All terms -Infinity: shift by a finite number instead, or the difference is NaN.
      const shift = tf.maximum(most, -3e38)
      const sum = xs.map((x) => tf.exp(tf.sub(x, shift))).reduce((a, b) => tf.add(a, b))
      const value = tf.add(tf.log(sum), shift)
      save(value)
      return value
    },
    derivatives: (xs, [value]) => xs.map((x) => () => tf.exp(tf.sub(x, tf.maximum(value!, -3e38)))),
  })
}
