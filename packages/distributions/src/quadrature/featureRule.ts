import * as tf from '@tensorflow/tfjs'
import type { Distribution } from '../distribution.ts'
import { type GaussianRule, REACH, standardDensity } from './gaussianExpectation.ts'
import { gaussLegendre } from './gaussLegendre.ts'

/**
 * A rule for a p whose logarithm changes fastest at a known centre, over a known scale, however small beside q's: the range of q is split at the
 * centre m, and on either side x = m + scale sinh(t) with Gauss-Legendre nodes in t, dense at the centre and exponentially wider outwards.
 *
 * Everything is counted from q's mean: with t = t_q + tau, x - mu = 2 scale cosh(t_q + tau / 2) sinh(tau / 2), which does not cancel for a narrow
 * q far from the centre.
 *
 * @param nodes on either side: with 32 the error is 2e-5 of E log p or less for a p as much as 10^5 times narrower than q
 */
export function featureRule<P extends Distribution>(nodes: number): GaussianRule<P> {
  const { nodes: u, weights } = gaussLegendre(nodes)
  return {
    count: 2 * nodes,
    shared: (q, p) => {
      const { center, scale } = p.feature!
      const ratio = tf.div(scale, q.sigma)
      const u = tf.div(tf.sub(q.mu, center), scale)
      const width = tf.div(REACH, ratio)
      const tQ = tf.asinh(u)
      const low = tf.neg(asinhDifference(tf.neg(u), width))
      const high = asinhDifference(u, width)
      const split = tf.minimum(tf.maximum(tf.neg(tQ), low), high)
      return [ratio, tQ, low, split, high]
    },
    node: (i, [ratio, tQ, low, split, high]) => {
      const onRight = i >= nodes
      const [from, to] = onRight ? [split!, high!] : [low!, split!]
      const half = tf.mul(tf.sub(to, from), 0.5)
      const k = i % nodes
      const tau = tf.add(from, tf.mul(half, 1 + u[k]!))
      const z = tf.mul(tf.mul(ratio!, 2), tf.mul(tf.cosh(tf.add(tQ!, tf.mul(tau, 0.5))), tf.sinh(tf.mul(tau, 0.5))))
      const slope = tf.mul(ratio!, tf.cosh(tf.add(tQ!, tau)))
      return { z, weight: tf.mul(tf.mul(tf.mul(half, weights[k]!), slope), standardDensity(z)) }
    },
  }
}

/** asinh(u + d) - asinh(u) for d > 0. */
function asinhDifference(u: tf.Tensor, d: tf.Tensor): tf.Tensor {
  const v = tf.add(u, d)
  const root = (x: tf.Tensor): tf.Tensor => tf.sqrt(tf.add(tf.square(x), 1))
  const [a, b] = [tf.mul(v, root(u)), tf.mul(u, root(v))]
  // sinh of the difference is a - b; where both have the same sign, (a^2 - b^2) / (a + b) with a^2 - b^2 = d (u + v).
  const apart = tf.sub(a, b)
  const together = tf.div(tf.mul(d, tf.add(u, v)), tf.add(a, b))
  return tf.asinh(tf.where(tf.greater(tf.mul(u, v), 0), together, apart))
}
