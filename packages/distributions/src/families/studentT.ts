import * as tf from '@tensorflow/tfjs'
import { positive, real } from '../constraint.ts'
import { elementwise } from '../numerics/elementwise.ts'
import { bisect } from '../numerics/float64/bisect.ts'
import { logIncompleteBeta } from '../numerics/float64/incompleteBeta.ts'
import { logGamma } from '../numerics/float64/logGamma.ts'
import { infiniteWhere } from '../numerics/infiniteWhere.ts'
import { lazy } from '../numerics/lazy.ts'
import { log1pSquare } from '../numerics/log1p.ts'
import { digammaHalfDifference, logGammaHalfRatio } from '../numerics/logGammaHalfRatio.ts'
import { onHost } from '../numerics/onHost.ts'
import { broadcastShape, type Parameter } from '../parameter.ts'
import { openUnit } from './locationScale.ts'
import { ParametricDistribution } from './parametric.ts'

/**
 * Student's t distribution, moved and scaled, one per element of the broadcast parameters.
 *
 *     log p(x) = log Gamma((df + 1) / 2) - log Gamma(df / 2) - log(df pi) / 2 - log scale - (df + 1) / 2 * log(1 + z^2 / df)
 *     z = (x - mu) / scale
 *     mean = mu for df > 1,   variance = scale^2 df / (df - 2) for df > 2
 *
 * The distribution function and the quantile are computed in float64 on the host (they read their arguments).
 * Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions, 1995, chapter 28.
 */
export class StudentT extends ParametricDistribution<'studentT', 'df' | 'mu' | 'scale'> {
  readonly noiseKind = 'uniform'
  override readonly feature: { readonly center: Parameter; readonly scale: Parameter }

  /**
   * @param parameters.df degrees of freedom, > 0
   * @param parameters.mu median and mode, real
   * @param parameters.scale > 0 (not the standard deviation)
   * @throws InvalidParameterError for a number outside its range (tensors are not read)
   * @throws ShapeMismatchError when the parameters' shapes do not broadcast
   */
  constructor(parameters: { readonly df: Parameter; readonly mu: Parameter; readonly scale: Parameter }) {
    super('studentT', { df: positive, mu: real, scale: positive }, parameters)
    this.feature = { center: parameters.mu, scale: parameters.scale }
  }

  get df(): Parameter {
    return this.parameters.df
  }

  get mu(): Parameter {
    return this.parameters.mu
  }

  get scale(): Parameter {
    return this.parameters.scale
  }

  logProb(x: tf.Tensor): tf.Tensor {
    broadcastShape('studentT.logProb', { x: x.shape, batch: this.batchShape })
    return tf.tidy(() => {
      const z = tf.div(tf.sub(x, this.mu), this.scale)
      const kernel = tf.mul(tf.mul(tf.add(this.df, 1), 0.5), log1pSquare(tf.div(z, tf.sqrt(this.df))))
      return tf.sub(this.logNormalizer(), tf.add(kernel, tf.log(this.scale)))
    })
  }

  /** [...sampleShape, ...batchShape, 2]: two uniform numbers a draw. */
  override noiseShape(sampleShape: readonly number[] = []): number[] {
    return [...super.noiseShape(sampleShape), 2]
  }

  /**
   * Bailey's polar method (1994, "Polar generation of random variates with the t-distribution"), exact for any df > 0:
   *
   *     mu + scale * sqrt(df (u^(-2 / df) - 1)) * cos(2 pi v)
   *
   * @param noise uniform on [0, 1), [..., 2]
   */
  sample(noise: tf.Tensor): tf.Tensor {
    broadcastShape('studentT.sample', { noise: noise.shape, 'batch and pair': [...this.batchShape, 2] })
    return tf.tidy(() => {
      const [u, v] = tf.unstack(noise, -1) as [tf.Tensor, tf.Tensor]
      const exponent = tf.div(tf.mul(tf.log(openUnit(u)), -2), this.df)
      // log(exp(exponent) - 1), since the exponential overflows where its root does not.
      const logSquare = tf.add(exponent, tf.log(tf.neg(tf.expm1(tf.neg(exponent)))))
      const radius = tf.exp(tf.mul(tf.add(tf.log(this.df), logSquare), 0.5))
      return tf.add(this.mu, tf.mul(this.scale, tf.mul(radius, tf.cos(tf.mul(v, 2 * Math.PI)))))
    })
  }

  /** mu; NaN where df <= 1: there is no mean. */
  mean(): tf.Tensor {
    return tf.tidy(() => {
      const undefinedMean = infiniteWhere([this.df], ([df]) => tf.lessEqual(df, 1), Number.NaN)
      return this.ofBatch(tf.add(this.mu, undefinedMean))
    })
  }

  override mode(): tf.Tensor {
    return this.ofBatch(this.mu)
  }

  /** scale^2 df / (df - 2); Infinity where 1 < df <= 2, NaN where df <= 1: there is no variance. */
  variance(): tf.Tensor {
    return tf.tidy(() => {
      const infinite = infiniteWhere([this.df], ([df]) => tf.lessEqual(df, 2))
      const undefinedMean = infiniteWhere([this.df], ([df]) => tf.lessEqual(df, 1), Number.NaN)
      const finite = tf.mul(tf.square(this.scale), tf.add(1, tf.div(2, tf.relu(tf.sub(this.df, 2)))))
      return this.ofBatch(tf.add(finite, tf.add(infinite, undefinedMean)))
    })
  }

  /** (df + 1) / 2 * (digamma((df + 1) / 2) - digamma(df / 2)) + log(df) / 2 + log B(df / 2, 1 / 2) + log scale. */
  entropy(): tf.Tensor {
    return tf.tidy(() => {
      const spread = tf.mul(tf.mul(tf.add(this.df, 1), 0.5), digammaHalfDifference(tf.mul(this.df, 0.5)))
      return this.ofBatch(tf.add(tf.sub(spread, this.logNormalizer()), tf.log(this.scale)))
    })
  }

  override cdf(x: tf.Tensor): tf.Tensor {
    return this.tailFunction(
      'cdf',
      x,
      (z, df) => Math.exp(logLower(z, df)),
      (z, df) => Math.exp(logDensity(z, df)),
    )
  }

  override logCdf(x: tf.Tensor): tf.Tensor {
    return this.tailFunction('logCdf', x, logLower, hazard)
  }

  override logSurvival(x: tf.Tensor): tf.Tensor {
    return this.tailFunction(
      'logSurvival',
      x,
      (z, df) => logLower(-z, df),
      (z, df) => -hazard(-z, df),
    )
  }

  override quantile(p: tf.Tensor): tf.Tensor {
    broadcastShape('studentT.quantile', { p: p.shape, batch: this.batchShape })
    return tf.tidy(() => {
      const z = elementwise([p, this.df], {
        value: ([p, df], save) => {
          const z = onHost([p, df], standardQuantile)
          save(z)
          return z
        },
        derivatives: ([, df], [z]) => {
          const density = lazy(() => tf.exp(new StudentT({ df, mu: 0, scale: 1 }).logProb(z!)))
          const byDf = (each: number, v: number): number => slope((w) => Math.exp(logLower(each, w)), v)
          return [() => tf.div(1, density()), () => tf.neg(tf.div(onHost([z!, df], byDf), density()))]
        },
      })
      return tf.add(this.mu, tf.mul(this.scale, z))
    })
  }

  /** log of the density's height at 0 for scale 1. */
  private logNormalizer(): tf.Tensor {
    return tf.sub(logGammaHalfRatio(halfOf(this.df)), tf.mul(tf.log(tf.mul(this.df, Math.PI)), 0.5))
  }

  private tailFunction(
    method: string,
    x: tf.Tensor,
    f: (z: number, df: number) => number,
    byZ: (z: number, df: number) => number,
  ): tf.Tensor {
    broadcastShape(`studentT.${method}`, { x: x.shape, batch: this.batchShape })
    return tf.tidy(() =>
      elementwise([tf.div(tf.sub(x, this.mu), this.scale), this.df], {
        value: ([z, df]) => onHost([z, df], f),
        derivatives: ([z, df]) => [() => onHost([z, df], byZ), () => onHost([z, df], (each, v) => slope((w) => f(each, w), v))],
      }),
    )
  }
}

/** log f(z), in float64. */
function logDensity(z: number, df: number): number {
  return logGamma((df + 1) / 2) - logGamma(df / 2) - 0.5 * Math.log(df * Math.PI) - ((df + 1) / 2) * Math.log1p((z * z) / df)
}

/** f(z) / F(z): in the tail of many degrees of freedom both logarithms are so large that their float32 difference has no digits. */
function hazard(z: number, df: number): number {
  return Math.abs(z) === Number.POSITIVE_INFINITY ? 0 : Math.exp(logDensity(z, df) - logLower(z, df))
}

/** log F(z), in float64. */
function logLower(z: number, df: number): number {
  if (Number.isNaN(z)) return Number.NaN
  const square = z * z
  const logTail = logIncompleteBeta(df / (df + square), square / (df + square), df / 2, 0.5) - Math.LN2
  return z < 0 ? logTail : Math.log1p(-Math.exp(logTail))
}

/** z with F(z) = p, in float64: bisection on the logarithm of the smaller tail, in log |z|. */
function standardQuantile(p: number, df: number): number {
  if (!(p >= 0 && p <= 1)) return Number.NaN
  const tail = Math.min(p, 1 - p)
  if (tail === 0.5) return 0
  const size =
    tail === 0 ? Number.POSITIVE_INFINITY : Math.exp(bisect((u) => -logLower(-Math.exp(u), df), -Math.log(tail), -60, 300))
  return p < 0.5 ? -size : size
}

/** The derivative of a smooth function of a positive number, by a central difference in float64: good to 1e-9. */
function slope(f: (x: number) => number, x: number): number {
  const h = 1e-5 * x
  return (f(x + h) - f(x - h)) / (2 * h)
}

function halfOf(parameter: Parameter): Parameter {
  return typeof parameter === 'number' ? parameter / 2 : tf.mul(parameter, 0.5)
}
