import * as tf from '@tensorflow/tfjs'
import type { Distribution } from '../../distribution.ts'
import type { HalfNormal } from '../../families/halfNormal.ts'
import type { Laplace } from '../../families/laplace.ts'
import type { Logistic } from '../../families/logistic.ts'
import type { LogNormal } from '../../families/logNormal.ts'
import { Normal } from '../../families/normal.ts'
import { StudentT } from '../../families/studentT.ts'
import type { Uniform } from '../../families/uniform.ts'
import { elementwise } from '../../numerics/elementwise.ts'
import { infiniteWhere } from '../../numerics/infiniteWhere.ts'
import { normalCentralCdf } from '../../numerics/standardNormal.ts'
import type { Parameter } from '../../parameter.ts'
import { entropyIn } from './entropyIn.ts'

// KL(q || Laplace(m, b)) = -H(q / b) + log 2 + E|x - m| / b, so each pair is a mean absolute deviation from a point.

/** KL(Normal || Laplace); E|x - m| is the mean of the folded normal distribution. */
export function klNormalLaplace(q: Normal, p: Laplace): tf.Tensor {
  return tf.tidy(() => toLaplace(q, p, foldedMean(tf.sub(q.mu, p.mu), q.sigma)))
}

/** KL(Logistic || Laplace); E|x - m| = scale * 2 log(2 cosh(z / 2)) with z = (mu - m) / scale. */
export function klLogisticLaplace(q: Logistic, p: Laplace): tf.Tensor {
  return tf.tidy(() => {
    const z = tf.abs(tf.div(tf.sub(q.mu, p.mu), q.scale))
    return toLaplace(q, p, tf.mul(q.scale, tf.add(z, tf.mul(tf.softplus(tf.neg(z)), 2))))
  })
}

/**
 * KL(Uniform || Laplace); with c the distance of m from the middle and w the width, E|x - m| = c + max(0, w / 2 - c)^2 / w, which has one form
 * for an m inside and outside.
 */
export function klUniformLaplace(q: Uniform, p: Laplace): tf.Tensor {
  return tf.tidy(() => {
    const width = tf.sub(q.high, q.low)
    const distance = tf.abs(tf.sub(tf.mul(tf.add(q.low, q.high), 0.5), p.mu))
    const inside = tf.relu(tf.sub(tf.mul(width, 0.5), distance))
    return toLaplace(q, p, tf.add(distance, tf.div(tf.square(inside), width)))
  })
}

/**
 * KL(LogNormal || Laplace); E|x - m| = 2 E max(0, x - m) - (E x - m), and for m > 0, as in the formula of Black and Scholes,
 * E max(0, x - m) = E x Phi(d + sigma) - m Phi(d) with d = (mu - log m) / sigma.
 */
export function klLogNormalLaplace(q: LogNormal, p: Laplace): tf.Tensor {
  return tf.tidy(() => {
    // An m below 0 counts as 0 in the logarithm: then both Phi are 1, and E max(0, x - m) = E x - m.
    const d = tf.div(tf.sub(q.mu, tf.log(tf.maximum(p.mu, 1e-37))), q.sigma)
    const above = tf.sub(tf.mul(q.mean(), STANDARD.cdf(tf.add(d, q.sigma))), tf.mul(p.mu, STANDARD.cdf(d)))
    return toLaplace(q, p, tf.sub(tf.mul(above, 2), tf.sub(q.mean(), p.mu)))
  })
}

/** KL(HalfNormal || Laplace); E max(0, x - m) = 2 (sigma phi(t) - m Phi(-t)) with t = m / sigma for m > 0, E x - m below. */
export function klHalfNormalLaplace(q: HalfNormal, p: Laplace): tf.Tensor {
  return tf.tidy(() => {
    const positive = tf.relu(p.mu)
    const t = tf.div(positive, q.sigma)
    const tail = tf.sub(tf.mul(q.sigma, tf.exp(STANDARD.logProb(t))), tf.mul(positive, STANDARD.cdf(tf.neg(t))))
    const above = tf.add(tf.mul(tail, 2), tf.relu(tf.neg(p.mu)))
    return toLaplace(q, p, tf.sub(tf.mul(above, 2), tf.sub(q.mean(), p.mu)))
  })
}

/**
 * KL(StudentT || Laplace), infinite for df <= 1. With a = |m - mu| / scale and the standard density f and distribution function F of q's df,
 * E|x - m| = 2 scale ((df + a^2) / (df - 1) f(a) + a (1/2 - F(-a))), by parts from d f(t) (df + t^2) / dt = -(df - 1) t f(t).
 * F is computed on the host, so a step with this divergence is not compiled to a graph.
 */
export function klStudentTLaplace(q: StudentT, p: Laplace): tf.Tensor {
  return tf.tidy(() => {
    const df = withMean(q.df)
    const standard = new StudentT({ df, mu: 0, scale: 1 })
    const a = tf.abs(tf.div(tf.sub(p.mu, q.mu), q.scale))
    const near = tf.mul(tf.div(tf.add(df, tf.square(a)), tf.sub(df, 1)), tf.exp(standard.logProb(a)))
    const far = tf.mul(a, tf.sub(0.5, standard.cdf(tf.neg(a))))
    const infinite = infiniteWhere([q.df], ([df]) => tf.lessEqual(df, 1))
    return tf.add(toLaplace(q, p, tf.mul(tf.mul(q.scale, tf.add(near, far)), 2)), infinite)
  })
}

/**
 * KL(Laplace || Laplace), with r = b_q / b_p and u = |mu_q - mu_p| / b_q:
 *
 *     r (u + exp(-u) - 1) + (r - 1 - log r)
 *
 * two terms that are >= 0 each and vanish at equality (Gil, Alajaji and Linder, 2013, "Renyi divergence measures for commonly used univariate
 * continuous distributions", table 2, rearranged).
 */
export function klLaplaceLaplace(q: Laplace, p: Laplace): tf.Tensor {
  return tf.tidy(() => {
    const u = tf.div(tf.abs(tf.sub(q.mu, p.mu)), q.scale)
    const r = tf.div(q.scale, p.scale)
    const t = tf.log(r)
    return tf.add(tf.mul(r, tf.add(u, tf.expm1(tf.neg(u)))), tf.sub(tf.expm1(t), t))
  })
}

const STANDARD = new Normal({ mu: 0, sigma: 1 })

/** Some df with a mean in place of one without: what is computed from it is finite, and hidden by the infinity that is the result. */
function withMean(df: Parameter): Parameter {
  if (typeof df === 'number') return df > 1 ? df : 2
  return elementwise([df], {
    value: ([v]) => tf.where(tf.greater(v, 1), v, tf.fill(v.shape, 2)),
    derivatives: ([v]) => [() => tf.cast(tf.greater(v, 1), 'float32')],
  })
}

function toLaplace(q: Distribution, p: Laplace, deviation: tf.Tensor): tf.Tensor {
  return tf.sub(tf.add(tf.div(deviation, p.scale), Math.LN2), entropyIn(q, p.scale))
}

/** E|x| for x ~ N(d, sigma^2): 2 sigma (phi(z) + z (Phi(z) - 1/2)) with z = d / sigma. */
function foldedMean(d: tf.Tensor, sigma: Parameter): tf.Tensor {
  const phi = (z: tf.Tensor): tf.Tensor => tf.mul(tf.exp(tf.mul(tf.square(z), -0.5)), 1 / Math.sqrt(2 * Math.PI))
  return elementwise([d, sigma], {
    value: ([d, sigma]) => {
      const z = tf.div(d, sigma)
      return tf.mul(tf.mul(sigma, tf.add(phi(z), tf.mul(z, normalCentralCdf(z)))), 2)
    },
    derivatives: ([d, sigma]) => [() => tf.mul(normalCentralCdf(tf.div(d, sigma)), 2), () => tf.mul(phi(tf.div(d, sigma)), 2)],
  })
}
