import * as tf from '@tensorflow/tfjs'
import { infiniteWhere } from './infiniteWhere.ts'

/** 0 where p is a probability and NaN elsewhere, without gradient, to be added to a quantile: its approximation gives some number there. */
export function nanOutsideUnit(p: tf.Tensor): tf.Tensor {
  const outside = ([v]: readonly [tf.Tensor]): tf.Tensor =>
    tf.logicalNot(tf.logicalAnd(tf.greaterEqual(v, 0), tf.lessEqual(v, 1)))
  return infiniteWhere([p], outside, Number.NaN)
}
