import * as tf from '@tensorflow/tfjs'
import { InvalidParameterError } from '../errors.ts'
import { log1pValue } from './log1p.ts'

/** From here on softplus(x) is x in float32: what is added is below 1e-13. */
const LINEAR_FROM = 30

/**
 * softplus(x) = log(1 + exp(x)), the map from an unconstrained rho to a positive sigma.
 *
 * Exact in both tails (it neither overflows nor rounds to 0 before exp(x) does), with gradient sigmoid(x). Put together from ops that TensorFlow has
 * vectorized: its own Softplus takes longer than all of them, as long as a matrix product of a training step.
 *
 * @param x any shape
 */
export function softplus(x: tf.Tensor): tf.Tensor {
  const compute = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const [v, save] = args as [tf.Tensor, tf.GradSaveFunc]
    save([v])
    const value = tf.maximum(v, log1pValue(tf.exp(tf.minimum(v, LINEAR_FROM))))
    // That of tfjs's softplus, dy * sigmoid(x), which the native backend has in one op.
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor =>
      tf.getGradient(tf.Softplus).gradFunc(dy, saved, {})['x']!() as tf.Tensor
    return { value, gradFunc }
  })
  return compute(x)
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
