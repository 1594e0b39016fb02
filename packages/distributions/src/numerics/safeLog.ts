import * as tf from '@tensorflow/tfjs'
import { elementwise } from './elementwise.ts'

/** log x with gradient 0 instead of infinity at exactly 0, where it is -Infinity: what a probability of 0 excludes pulls at nothing. */
export function safeLog(x: tf.Tensor): tf.Tensor {
  return elementwise([x], { value: ([v]) => tf.log(v), derivatives: ([v]) => [() => tf.divNoNan(1, v)] })
}
