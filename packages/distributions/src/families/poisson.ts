import * as tf from '@tensorflow/tfjs'
import { type Constraint, count, positive } from '../constraint.ts'
import { STIRLING_ERROR } from '../numerics/coefficients.ts'
import { elementwise } from '../numerics/elementwise.ts'
import { logIncompleteGamma } from '../numerics/float64/incompleteGamma.ts'
import { logGamma } from '../numerics/float64/logGamma.ts'
import { onHost } from '../numerics/onHost.ts'
import { polynomial } from '../numerics/polynomial.ts'
import { broadcastShape, type Parameter } from '../parameter.ts'
import { openUnit } from './locationScale.ts'
import { ParametricDistribution } from './parametric.ts'

/**
 * The Poisson distribution of counts, one per element of the rate.
 *
 *     log p(k) = k log(rate) - rate - log k!
 *     mean = variance = rate
 *
 * The log-probability is computed as -log(2 pi k) / 2 - delta(k) - D(k, rate), with Stirling's error delta and the deviance D (Loader, 2000,
 * "Fast and accurate computation of binomial probabilities"): the three terms above are 10^7 times their sum for a rate of 10^6.
 * Distribution function, quantile, entropy and sampler are computed in float64 on the host (they read their arguments).
 */
export class Poisson extends ParametricDistribution<'poisson', 'rate'> {
  readonly noiseKind = 'uniform'
  override readonly reparameterized = false
  override readonly support: Constraint = count

  /**
   * @param parameters.rate > 0
   * @throws InvalidParameterError for a number outside its range (a tensor is not read)
   */
  constructor(parameters: { readonly rate: Parameter }) {
    super('poisson', { rate: positive }, parameters)
  }

  get rate(): Parameter {
    return this.parameters.rate
  }

  /** @param x counts, int32 or float32 */
  logProb(x: tf.Tensor): tf.Tensor {
    broadcastShape('poisson.logProb', { x: x.shape, batch: this.batchShape })
    return tf.tidy(() =>
      elementwise([tf.cast(x, 'float32'), this.rate], {
        value: ([x, rate]) => {
          const k = tf.add(x, tf.zerosLike(rate))
          const some = tf.maximum(k, 1)
          const root = tf.mul(tf.log(tf.mul(some, 2 * Math.PI)), 0.5)
          const error = tf.div(polynomial(tf.sub(tf.div(2, tf.square(some)), 1), STIRLING_ERROR), tf.mul(some, 12))
          const positiveCount = tf.neg(tf.add(tf.add(root, error), deviance(some, rate)))
          const value = tf.where(tf.equal(k, 0), tf.neg(tf.mul(rate, tf.onesLike(k))), positiveCount)
          return tf.where(isCount(k), value, tf.fill(value.shape, Number.NEGATIVE_INFINITY))
        },
        derivatives: ([x, rate]) => [
          () => 0,
          () => tf.where(isCount(x), tf.div(tf.sub(x, rate), rate), tf.zerosLike(tf.sub(x, rate))),
        ],
      }),
    )
  }

  /** The quantile of the noise; int32, not differentiable. */
  sample(noise: tf.Tensor): tf.Tensor {
    return tf.tidy(() => this.quantile(openUnit(noise)))
  }

  mean(): tf.Tensor {
    return this.ofBatch(this.rate)
  }

  variance(): tf.Tensor {
    return this.ofBatch(this.rate)
  }

  /** floor(rate), the larger of two for a whole rate; int32. */
  override mode(): tf.Tensor {
    return tf.tidy(() => this.ofBatch(tf.cast(tf.floor(this.rate), 'int32')))
  }

  entropy(): tf.Tensor {
    return tf.tidy(() => {
      if (typeof this.rate === 'number') return this.ofBatch(entropyOf(this.rate))
      return elementwise([this.rate], {
        value: ([rate]) => onHost([rate], entropyOf),
        derivatives: ([rate]) => [
          () => onHost([rate], (r) => (entropyOf(r * (1 + 1e-5)) - entropyOf(r * (1 - 1e-5))) / (2e-5 * r)),
        ],
      })
    })
  }

  override cdf(x: tf.Tensor): tf.Tensor {
    return this.tail(
      'cdf',
      x,
      (k, rate) => Math.exp(logLower(k, rate)),
      (logDensity) => tf.neg(tf.exp(logDensity)),
    )
  }

  override logCdf(x: tf.Tensor): tf.Tensor {
    return this.tail('logCdf', x, logLower, (logDensity, value) => tf.neg(tf.exp(tf.sub(logDensity, value))))
  }

  override logSurvival(x: tf.Tensor): tf.Tensor {
    return this.tail('logSurvival', x, logUpper, (logDensity, value) => tf.exp(tf.sub(logDensity, value)))
  }

  /** int32. */
  override quantile(p: tf.Tensor): tf.Tensor {
    broadcastShape('poisson.quantile', { p: p.shape, batch: this.batchShape })
    return tf.tidy(() => tf.cast(onHost([p, this.rate], quantileOf), 'int32'))
  }

  /** A function of x and the rate; its derivative by the rate is given in terms of log p(floor x). */
  private tail(
    method: string,
    x: tf.Tensor,
    f: (k: number, rate: number) => number,
    byRate: (logDensity: tf.Tensor, value: tf.Tensor) => tf.Tensor,
  ): tf.Tensor {
    broadcastShape(`poisson.${method}`, { x: x.shape, batch: this.batchShape })
    return tf.tidy(() =>
      elementwise([tf.floor(tf.cast(x, 'float32')), this.rate], {
        value: ([k, rate], save) => {
          const value = onHost([k, rate], f)
          save(value)
          return value
        },
        derivatives: ([k, rate], [value]) => [
          () => 0,
          () => {
            const slope = byRate(new Poisson({ rate }).logProb(k), value!)
            return tf.where(tf.greaterEqual(tf.add(k, tf.zerosLike(slope)), 0), slope, tf.zerosLike(slope))
          },
        ],
      }),
    )
  }
}

function isCount(k: Parameter): tf.Tensor {
  return tf.logicalAnd(tf.greaterEqual(k, 0), tf.equal(k, tf.floor(k)))
}

/**
 * k log(k / rate) + rate - k for k >= 1.
 *
 * With v = (k - rate) / (k + rate) it is (k - rate) v + 2 k (v^3 / 3 + v^5 / 5 + ...): the form for a rate close to k, where the other cancels.
 */
function deviance(k: tf.Tensor, rate: Parameter): tf.Tensor {
  const difference = tf.sub(k, rate)
  const v = tf.div(difference, tf.add(k, rate))
  const near = tf.clipByValue(v, -0.2, 0.2)
  const w = tf.square(near)
  const series = tf.mul(tf.mul(near, w), polynomial(w, [1 / 3, 1 / 5, 1 / 7, 1 / 9, 1 / 11]))
  const close = tf.add(tf.mul(difference, near), tf.mul(tf.mul(k, 2), series))
  const apart = tf.sub(tf.mul(k, tf.log(tf.div(k, rate))), difference)
  return tf.where(tf.less(tf.abs(v), 0.2), close, apart)
}

/** log P(X <= k) = log Q(k + 1, rate), in float64. */
function logLower(k: number, rate: number): number {
  return k < 0 ? Number.NEGATIVE_INFINITY : logIncompleteGamma(Math.floor(k) + 1, rate).upper
}

/** log P(X > k), in float64. */
function logUpper(k: number, rate: number): number {
  return k < 0 ? 0 : logIncompleteGamma(Math.floor(k) + 1, rate).lower
}

function quantileOf(p: number, rate: number): number {
  if (!(p >= 0 && p <= 1)) return Number.NaN
  if (p === 1) return Number.POSITIVE_INFINITY
  const reached = p <= 0.5 ? (k: number) => logLower(k, rate) >= Math.log(p) : (k: number) => logUpper(k, rate) <= Math.log1p(-p)
  let high = Math.ceil(rate + 1)
  let width = Math.ceil(Math.sqrt(rate) + 1)
  while (!reached(high)) {
    high += width
    width *= 2
  }
  let low = -1
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (reached(middle)) high = middle
    else low = middle
  }
  return high
}

/** -sum p log p term by term; for large rates the asymptotic series log(2 pi e rate) / 2 - 1 / (12 rate) - ..., exact to 1e-12 from 1000 on. */
function entropyOf(rate: number): number {
  if (rate > 1000)
    return 0.5 * Math.log(2 * Math.PI * Math.E * rate) - 1 / (12 * rate) - 1 / (24 * rate ** 2) - 19 / (360 * rate ** 3)
  let entropy = 0
  const last = Math.ceil(rate + 12 * Math.sqrt(rate) + 30)
  for (let k = 0; k <= last; k++) {
    const logProb = k * Math.log(rate) - rate - logGamma(k + 1)
    entropy -= Math.exp(logProb) * logProb
  }
  return entropy
}
