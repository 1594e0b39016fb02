import * as tf from '@tensorflow/tfjs'
import type { Parameter } from '../parameter.ts'

/**
 * The same values as a constant of differentiation: no gradient flows through it.
 *
 * @param x number or tensor
 * @returns a number as it is; for a tensor a new one, which the caller owns
 */
export function detached<P extends Parameter>(x: P): P {
  if (typeof x === 'number') return x
  const constant = tf.customGrad((value) => ({
    value: tf.clone(value as tf.Tensor),
    gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy),
  }))
  return constant(x) as P
}
