import * as tf from '@tensorflow/tfjs'
import { NormalScaleMixture } from '../families/normalScaleMixture.ts'
import { elementwise } from '../numerics/elementwise.ts'
import { logSumExp } from '../numerics/logSumExp.ts'
import { softplus } from '../numerics/softplus.ts'
import type { Parameter } from '../parameter.ts'
import { bell, type GaussianRule, REACH, ROOT_TWO_PI } from './gaussianExpectation.ts'
import { gaussLegendre } from './gaussLegendre.ts'

// The logarithm of a scale mixture is that of its widest component plus one bump for each narrower one:
//
//     log p = log(w_1 N_1) + sum_{k >= 2} softplus(l_k),   l_k = log(w_k N_k) - log(w_1 N_1 + ... + w_{k-1} N_{k-1})
//
// The first has a closed expectation. A bump is no wider than a few of its own sigma, so its nodes are put where both it and q are: no rule whose
// nodes follow q alone sees a spike a thousand times narrower than q.

/** Beyond this many nats below 1, softplus(l) is less than 1e-6. */
const NEGLIGIBLE = 14

/** The mixture with its components from wide to narrow, so that every bump has an end. Differentiable; sigmas given as tensors are sorted per element. */
export function widestFirst(p: NormalScaleMixture): NormalScaleMixture {
  const parts = p.sigmas.map((sigma, k) => ({ weight: p.weights[k]!, sigma })).filter(({ weight }) => weight !== 0)
  for (let end = parts.length - 1; end > 0; end--) {
    for (let k = 0; k < end; k++) {
      const [a, b] = [parts[k]!, parts[k + 1]!]
      const swap = isLess(a.sigma, b.sigma)
      parts[k] = { weight: choose(swap, b.weight, a.weight), sigma: choose(swap, b.sigma, a.sigma) }
      parts[k + 1] = { weight: choose(swap, a.weight, b.weight), sigma: choose(swap, a.sigma, b.sigma) }
    }
  }
  return new NormalScaleMixture({ mu: p.mu, weights: parts.map(({ weight }) => weight), sigmas: parts.map(({ sigma }) => sigma) })
}

/**
 * The bump of the k-th component, at x.
 *
 * @param p widest component first
 * @param k from 1 on
 */
export function bump(x: tf.Tensor, p: NormalScaleMixture, k: number): tf.Tensor {
  const square = tf.square(p.mu === 0 ? x : tf.sub(x, p.mu))
  // What the components have above the widest, whose part cancels: every pass over the data counts here.
  const above = (j: number): tf.Tensor =>
    tf.add(
      tf.mul(square, difference(precisionTerm(p.sigmas[j]!), precisionTerm(p.sigmas[0]!))),
      tf.sub(logHeight(p, j), logHeight(p, 0)),
    )
  if (k === 1) return softplus(above(1))
  const others = Array.from({ length: k - 1 }, (_, j) => above(j + 1))
  return softplus(tf.sub(above(k), logSumExp([tf.zerosLike(square), ...others])))
}

/** Gauss-Legendre nodes on the part of q's range that the k-th bump reaches; none of any weight where they do not meet. */
export function bumpRule(nodes: number, k: number): GaussianRule<NormalScaleMixture> {
  const { nodes: u, weights: legendre } = gaussLegendre(nodes)
  const weights = legendre.map((each) => each / ROOT_TWO_PI)
  return {
    count: nodes,
    shared: (q, p) => {
      const height = tf.sub(logHeight(p, k), logHeight(p, 0))
      const steepness = difference(precisionTerm(p.sigmas[0]!), precisionTerm(p.sigmas[k]!))
      const reach = tf.sqrt(tf.div(tf.relu(tf.add(height, NEGLIGIBLE)), steepness))
      const d = tf.sub(q.mu, p.mu)
      const low = tf.maximum(tf.div(tf.sub(tf.neg(reach), d), q.sigma), -REACH)
      const high = tf.minimum(tf.div(tf.sub(reach, d), q.sigma), REACH)
      return [tf.mul(tf.add(low, high), 0.5), tf.relu(tf.mul(tf.sub(high, low), 0.5))]
    },
    nodes: (of, [middle, half]) => {
      const z = tf.add(middle!, tf.mul(half!, of(u)))
      return { z, weight: tf.mul(tf.mul(bell(z), of(weights)), half!) }
    },
  }
}

/** log(w / sigma). */
function logHeight(p: NormalScaleMixture, k: number): tf.Tensor {
  return tf.sub(tf.log(p.weights[k]!), tf.log(p.sigmas[k]!))
}

/** -1 / (2 sigma^2). */
function precisionTerm(sigma: Parameter): Parameter {
  return typeof sigma === 'number' ? -0.5 / sigma ** 2 : tf.div(-0.5, tf.square(sigma))
}

function difference(a: Parameter, b: Parameter): Parameter {
  return typeof a === 'number' && typeof b === 'number' ? a - b : tf.sub(a, b)
}

/** 1 where a < b, else 0, without gradient. */
function isLess(a: Parameter, b: Parameter): Parameter {
  if (typeof a === 'number' && typeof b === 'number') return a < b ? 1 : 0
  return elementwise([a, b], { value: ([x, y]) => tf.cast(tf.less(x, y), 'float32'), derivatives: () => [() => 0, () => 0] })
}

function choose(condition: Parameter, yes: Parameter, no: Parameter): Parameter {
  if (typeof condition === 'number') return condition === 1 ? yes : no
  return tf.add(tf.mul(condition, yes), tf.mul(tf.sub(1, condition), no))
}
