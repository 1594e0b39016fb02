import * as tf from '@tensorflow/tfjs'
import { elementwise } from '../../numerics/elementwise.ts'
import { gaussLegendre } from '../../quadrature/gaussLegendre.ts'

/** An analytic function with its antiderivative. */
export interface Integrable {
  readonly f: (x: tf.Tensor) => tf.Tensor
  readonly antiderivative: (x: tf.Tensor) => tf.Tensor
  /** How far the nearest singularity of f is from a real x. */
  readonly distanceToSingularity: (x: tf.Tensor) => tf.Tensor
}

/**
 * The mean of a function over [low, high]: from its antiderivative where the interval is long, from eight Gauss-Legendre nodes, which are exact to
 * float32 there, where it is short and the difference of antiderivatives would cancel.
 */
export function meanOverInterval(
  low: tf.Tensor,
  high: tf.Tensor,
  { f, antiderivative, distanceToSingularity }: Integrable,
): tf.Tensor {
  const half = (a: tf.Tensor, b: tf.Tensor): tf.Tensor => tf.mul(tf.sub(b, a), 0.5)
  const middle = (a: tf.Tensor, b: tf.Tensor): tf.Tensor => tf.mul(tf.add(a, b), 0.5)
  const mean = (a: tf.Tensor, b: tf.Tensor): tf.Tensor => {
    const [h, m] = [half(a, b), middle(a, b)]
    const { nodes, weights } = gaussLegendre(8)
    const short = nodes
      .map((node, i) => tf.mul(f(tf.add(m, tf.mul(h, node))), weights[i]! / 2))
      .reduce((sum, term) => tf.add(sum, term))
    const long = tf.div(tf.sub(antiderivative(b), antiderivative(a)), tf.mul(h, 2))
    return tf.where(tf.less(h, tf.mul(distanceToSingularity(m), 0.5)), short, long)
  }
  return elementwise([low, high], {
    value: ([a, b], save) => {
      const value = mean(a, b)
      save(value)
      return value
    },
    derivatives: ([a, b], [value]) => [
      () => tf.div(tf.sub(value!, f(a)), tf.sub(b, a)),
      () => tf.div(tf.sub(f(b), value!), tf.sub(b, a)),
    ],
  })
}
