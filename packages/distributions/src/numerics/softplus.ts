import * as tf from '@tensorflow/tfjs'
import { InvalidParameterError } from '../errors.ts'

/**
 * softplus(x) = log(1 + exp(x)), the map from an unconstrained rho to a positive sigma.
 *
 * Exact in both tails (it neither overflows nor rounds to 0 before exp(x) does), with gradient sigmoid(x).
 *
 * @param x any shape
 */
export function softplus(x: tf.Tensor): tf.Tensor {
  return tf.softplus(x)
}

/**
 * The x with softplus(x) = y: log(exp(y) - 1), without overflow for large y or cancellation for small y.
 *
 * @param y > 0
 * @throws InvalidParameterError unless y is a finite number > 0
 */
export function inverseSoftplus(y: number): number {
  if (!(y > 0 && Number.isFinite(y))) throw new InvalidParameterError(`inverseSoftplus: got ${y}; expected a finite number > 0.`)
  return y + Math.log(-Math.expm1(-y))
}
