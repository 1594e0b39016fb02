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
    // 1 / (2 root), and 0 / SMALLEST where the root is 0.
    derivatives: ([v], [root]) => [() => tf.div(root!, tf.maximum(tf.mul(v, 2), SMALLEST))],
  })
}

/** The smallest float32 with all its digits. */
const SMALLEST = 1.2e-38
