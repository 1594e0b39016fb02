import * as tf from '@tensorflow/tfjs'
import { elementwise } from './elementwise.ts'

/**
 * The square root, with gradient 0 instead of infinity at exactly 0.
 *
 * The standard deviation of a pre-activation is 0 for a row of zeros: there the plain root makes infinity times zero, NaN, of the whole
 * gradient.
 *
 * @param x >= 0, any shape; a negative number, as rounding can leave in a variance, counts as 0
 */
export function safeSqrt(x: tf.Tensor): tf.Tensor {
  return elementwise([x], {
    value: ([v], save) => {
      const root = tf.sqrt(tf.relu(v as tf.Tensor))
      save(root)
      return root
    },
    derivatives: (_, [root]) => [() => tf.divNoNan(0.5, root!)],
  })
}
