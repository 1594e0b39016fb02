import * as tf from '@tensorflow/tfjs'
import { ShapeMismatchError } from '../../errors.ts'
import type { Bernoulli } from '../../families/bernoulli.ts'
import type { Categorical } from '../../families/categorical.ts'
import type { Poisson } from '../../families/poisson.ts'
import { elementwise } from '../../numerics/elementwise.ts'
import { logGamma } from '../../numerics/float64/logGamma.ts'
import { infiniteWhere } from '../../numerics/infiniteWhere.ts'
import { broadcastShape } from '../../parameter.ts'

/** A logit that stands for an infinite one, and the divergence from which on it shows that p excludes what q allows. */
const HUGE = 1e30
const BOUND = 1e25
/** A log-probability that stands for -Infinity where its probability is 0 in float32. */
const NEGLIGIBLE = -1e4

/**
 * KL(Bernoulli || Bernoulli) in log-odds a, b:
 *
 *     sigmoid(a) (a - b) + softplus(b) - softplus(a)
 *
 * with both signs flipped where a > 0, so that neither softplus is large where the divergence is small.
 */
export function klBernoulliBernoulli(q: Bernoulli, p: Bernoulli): tf.Tensor {
  return tf.tidy(() => {
    const divergence = (a: tf.Tensor, b: tf.Tensor): tf.Tensor => {
      const size = tf.minimum(tf.abs(a), -NEGLIGIBLE)
      const flipped = tf.where(
        tf.greater(tf.add(a, tf.zerosLike(b)), 0),
        tf.neg(tf.add(b, tf.zerosLike(a))),
        tf.add(b, tf.zerosLike(a)),
      )
      const other = tf.clipByValue(flipped, -HUGE, HUGE)
      const value = tf.sub(
        tf.add(tf.mul(tf.sigmoid(tf.neg(size)), tf.sub(tf.neg(size), other)), tf.softplus(other)),
        tf.softplus(tf.neg(size)),
      )
      return tf.where(tf.greater(value, BOUND), tf.fill(value.shape, Number.POSITIVE_INFINITY), value)
    }
    return elementwise([q.logits(), p.logits()], {
      value: ([a, b]) => divergence(a, b),
      derivatives: ([a, b]) => [
        () => tf.mul(tf.mul(tf.sigmoid(a), tf.sigmoid(tf.neg(a))), tf.sub(bounded(a), bounded(b))),
        () => tf.sub(tf.sigmoid(b), tf.sigmoid(a)),
      ],
    })
  })
}

/** KL(Categorical || Categorical) = sum_k q_k log(q_k / p_k); infinite where p excludes a class that q allows. */
export function klCategoricalCategorical(q: Categorical, p: Categorical): tf.Tensor {
  if (q.classes !== p.classes) {
    throw new ShapeMismatchError(
      `KL(categorical || categorical): q has ${q.classes} classes, p has ${p.classes}; expected the same number.`,
    )
  }
  return klOfClasses(q, p, q.classes)
}

/** KL(Bernoulli || Categorical), the classes taken as numbers: infinite where p excludes a side of the coin that q allows. */
export function klBernoulliCategorical(q: Bernoulli, p: Categorical): tf.Tensor {
  return klOfClasses(q, p, Math.max(2, p.classes))
}

/** KL(Categorical || Bernoulli): infinite where q allows a class from 2 on. */
export function klCategoricalBernoulli(q: Categorical, p: Bernoulli): tf.Tensor {
  return klOfClasses(q, p, Math.max(2, q.classes))
}

/** sum_k q_k log(q_k / p_k), over so many classes; those that one of both lacks have probability 0 there. */
function klOfClasses(q: Bernoulli | Categorical, p: Bernoulli | Categorical, classes: number): tf.Tensor {
  broadcastShape(`KL(${q.family} || ${p.family})`, { q: q.batchShape, p: p.batchShape })
  return tf.tidy(() => {
    const logQ = tf.maximum(widened(q.logProbabilities(), classes, Number.NEGATIVE_INFINITY), NEGLIGIBLE)
    const logP = tf.maximum(widened(p.logProbabilities(), classes, Number.NEGATIVE_INFINITY), -HUGE)
    const value = tf.sum(tf.mul(widened(q.probabilities(), classes, 0), tf.sub(logQ, logP)), -1)
    return tf.add(
      value,
      infiniteWhere([value], ([each]) => tf.greater(each, BOUND)),
    )
  })
}

/** A table [..., K] with more columns, of one value. */
function widened(table: tf.Tensor, columns: number, value: number): tf.Tensor {
  const missing = columns - table.shape.at(-1)!
  return missing === 0 ? table : tf.concat([table, tf.fill([...table.shape.slice(0, -1), missing], value)], -1)
}

/** KL(Poisson || Poisson) = rate_q (t + exp(-t) - 1) with t = log(rate_q / rate_p). */
export function klPoissonPoisson(q: Poisson, p: Poisson): tf.Tensor {
  return tf.tidy(() => {
    const t = tf.log(tf.div(q.rate, p.rate))
    return tf.mul(q.rate, tf.add(t, tf.expm1(tf.neg(t))))
  })
}

/** KL(Bernoulli || Poisson): 0! = 1! = 1, so -H(q) + rate - P(1) log rate. */
export function klBernoulliPoisson(q: Bernoulli, p: Poisson): tf.Tensor {
  return tf.tidy(() => tf.sub(tf.sub(p.rate, tf.mul(q.mean(), tf.log(p.rate))), q.entropy()))
}

/** KL(Categorical || Poisson), classes taken as counts: -H(q) + rate - sum_k q_k (k log rate - log k!). */
export function klCategoricalPoisson(q: Categorical, p: Poisson): tf.Tensor {
  return tf.tidy(() => {
    const probabilities = q.probabilities()
    const counts = tf.tensor1d(Array.from({ length: q.classes }, (_, k) => k))
    const logFactorials = tf.tensor1d(Array.from({ length: q.classes }, (_, k) => logGamma(k + 1)))
    const mean = tf.sum(tf.mul(probabilities, counts), -1)
    const factorials = tf.sum(tf.mul(probabilities, logFactorials), -1)
    return tf.sub(tf.add(tf.sub(p.rate, tf.mul(mean, tf.log(p.rate))), factorials), q.entropy())
  })
}

/** Log-odds with infinite ones made finite, so that the difference of two is a number. */
function bounded(logits: tf.Tensor): tf.Tensor {
  return tf.clipByValue(logits, -HUGE, HUGE)
}
