import * as tf from '@tensorflow/tfjs'
import { ERF, MILLS, QUANTILE_CENTRAL, QUANTILE_TAIL, QUANTILE_TAIL_RANGE } from './coefficients.ts'
import { log1p } from './log1p.ts'
import { polynomial } from './polynomial.ts'
import { sign } from './sign.ts'

// Values only: the derivatives are written where these functions are used. tf.erf is no base for them: on the cpu backend it has an absolute
// error of 2e-7, and 1 - erf cancels in the tail on every backend.

const HALF_LOG_TWO_PI = 0.5 * Math.log(2 * Math.PI)

/** The standard normal distribution function, with relative accuracy in the lower tail. */
export function normalCdf(z: tf.Tensor): tf.Tensor {
  const tail = upperTail(tf.abs(z))
  return tf.where(tf.less(z, 0), tail, tf.sub(1, tail))
}

/** The logarithm of the standard normal distribution function, right in both tails. */
export function normalLogCdf(z: tf.Tensor): tf.Tensor {
  const size = tf.abs(z)
  const lower = tf.sub(tf.sub(tf.log(millsRatio(size)), tf.mul(tf.square(size), 0.5)), HALF_LOG_TWO_PI)
  return tf.where(tf.less(z, 0), lower, log1p(tf.neg(upperTail(size))))
}

/** d log Phi(z) / dz = phi(z) / Phi(z), right in both tails: below 0 from the Mills ratio, since the difference of the two logarithms cancels. */
export function normalLogCdfSlope(z: tf.Tensor): tf.Tensor {
  const size = tf.abs(z)
  const below = tf.div(1, millsRatio(size))
  const above = tf.div(tf.mul(gaussian(size), 1 / Math.sqrt(2 * Math.PI)), tf.sub(1, upperTail(size)))
  return tf.where(tf.less(z, 0), below, above)
}

/** P(0 < Z < z), negative for negative z: the distribution function minus 1/2, with relative accuracy at 0. */
export function normalCentralCdf(z: tf.Tensor): tf.Tensor {
  const near = tf.clipByValue(z, -1.25, 1.25)
  const inside = tf.mul(tf.mul(near, 0.5), polynomial(tf.sub(tf.mul(tf.square(near), 2 / 1.25 ** 2), 1), ERF))
  const outside = tf.mul(sign(z), tf.sub(0.5, upperTail(tf.abs(z))))
  return tf.where(tf.less(tf.abs(z), 1.25), inside, outside)
}

/**
 * The standard normal quantile of p, given both p - 1/2 and min(p, 1 - p), so that neither end of the range is rounded away.
 *
 * @param central p - 1/2
 * @param tail min(p, 1 - p); at 0 the quantile is infinite
 */
export function normalQuantile(central: tf.Tensor, tail: tf.Tensor): tf.Tensor {
  const near = tf.clipByValue(central, -0.4, 0.4)
  const inside = tf.mul(near, polynomial(tf.sub(tf.mul(tf.square(near), 2 / 0.4 ** 2), 1), QUANTILE_CENTRAL))
  const root = tf.sqrt(tf.neg(tf.log(tf.clipByValue(tail, SMALLEST, 0.5))))
  const [low, high] = QUANTILE_TAIL_RANGE
  const s = tf.div(tf.sub(root, 2), tf.add(root, 2))
  const size = tf.mul(root, polynomial(tf.mul(tf.sub(s, (low + high) / 2), 2 / (high - low)), QUANTILE_TAIL))
  const finite = tf.where(tf.less(tf.abs(central), 0.4), inside, tf.mul(sign(central), size))
  return tf.where(tf.greater(tail, 0), finite, tf.mul(sign(central), Number.POSITIVE_INFINITY))
}

/** The smallest normal float32: TensorFlow takes anything smaller for 0. */
const SMALLEST = 1.2e-38

/** (1 - Phi(a)) / phi(a) for a >= 0. */
function millsRatio(a: tf.Tensor): tf.Tensor {
  const shifted = tf.add(a, 3)
  return tf.div(polynomial(tf.sub(1, tf.div(6, shifted)), MILLS), shifted)
}

/** 1 - Phi(a) for a >= 0, with relative accuracy. */
function upperTail(a: tf.Tensor): tf.Tensor {
  return tf.mul(tf.mul(millsRatio(a), gaussian(a)), 1 / Math.sqrt(2 * Math.PI))
}

/** exp(-a^2 / 2) for a >= 0. The square is taken of a's leading digits, where it is exact; squaring a itself would cost a^2 roundings. */
function gaussian(a: tf.Tensor): tf.Tensor {
  const bounded = tf.minimum(a, 40)
  const leading = tf.div(tf.round(tf.mul(bounded, 16)), 16)
  const rest = tf.mul(tf.sub(bounded, leading), tf.add(bounded, leading))
  return tf.mul(tf.exp(tf.mul(tf.square(leading), -0.5)), tf.exp(tf.mul(rest, -0.5)))
}
