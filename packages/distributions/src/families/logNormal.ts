import * as tf from '@tensorflow/tfjs'
import { type Constraint, positive, real } from '../constraint.ts'
import { elementwise } from '../numerics/elementwise.ts'
import { lazy } from '../numerics/lazy.ts'
import { broadcastShape, type Parameter } from '../parameter.ts'
import { Normal, standardNormal } from './normal.ts'
import { ParametricDistribution } from './parametric.ts'

/**
 * The log-normal distribution, of exp(y) for y ~ N(mu, sigma^2), one per element of the broadcast parameters.
 *
 *     log p(x) = -z^2 / 2 - log sigma - log x - log(2 pi) / 2,   z = (log x - mu) / sigma,   x > 0
 *     mean = exp(mu + sigma^2 / 2),   variance = (exp(sigma^2) - 1) mean^2,   mode = exp(mu - sigma^2)
 *
 * Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions, 1994, chapter 14.
 */
export class LogNormal extends ParametricDistribution<'logNormal', 'mu' | 'sigma'> {
  readonly noiseKind = 'normal'
  override readonly support: Constraint = positive
  /** The distribution of log x. */
  readonly logarithm: Normal

  /**
   * @param parameters.mu mean of log x, real
   * @param parameters.sigma standard deviation of log x, > 0
   * @throws InvalidParameterError for a number outside its range (tensors are not read)
   * @throws ShapeMismatchError when the parameters' shapes do not broadcast
   */
  constructor(parameters: { readonly mu: Parameter; readonly sigma: Parameter }) {
    super('logNormal', { mu: real, sigma: positive }, parameters)
    this.logarithm = new Normal(parameters)
  }

  get mu(): Parameter {
    return this.parameters.mu
  }

  get sigma(): Parameter {
    return this.parameters.sigma
  }

  logProb(x: tf.Tensor): tf.Tensor {
    broadcastShape('logNormal.logProb', { x: x.shape, batch: this.batchShape })
    return elementwise([x, this.mu, this.sigma], {
      value: ([x, mu, sigma], save) => {
        // By what is outside: NaN is neither, and stays NaN.
        const outside = tf.lessEqual(x, 0)
        const logX = tf.log(tf.where(outside, tf.onesLike(x), x))
        const z = tf.div(tf.sub(logX, mu), sigma)
        save(z)
        const value = tf.sub(tf.sub(standardNormal.logDensity(z), tf.log(sigma)), logX)
        return tf.where(tf.logicalAnd(outside, tf.onesLike(z).toBool()), tf.fill(value.shape, Number.NEGATIVE_INFINITY), value)
      },
      derivatives: ([x, , sigma], [z]) => {
        const within = (derivative: tf.Tensor): tf.Tensor =>
          tf.where(tf.lessEqual(tf.add(x, tf.zerosLike(z!)), 0), tf.zerosLike(z!), derivative)
        const slope = lazy(() => tf.div(z!, sigma))
        return [
          () => within(tf.neg(tf.div(tf.add(slope(), 1), x))),
          () => within(slope()),
          () => within(tf.div(tf.sub(tf.square(z!), 1), sigma)),
        ]
      },
    })
  }

  /** exp(mu + sigma * noise). */
  sample(noise: tf.Tensor): tf.Tensor {
    return tf.tidy(() => tf.exp(this.logarithm.sample(noise)))
  }

  mean(): tf.Tensor {
    return tf.tidy(() => this.ofBatch(tf.exp(tf.add(this.mu, tf.mul(tf.square(this.sigma), 0.5)))))
  }

  variance(): tf.Tensor {
    return tf.tidy(() => {
      const square = tf.square(this.sigma)
      return this.ofBatch(tf.mul(tf.expm1(square), tf.exp(tf.add(tf.mul(this.mu, 2), square))))
    })
  }

  override mode(): tf.Tensor {
    return tf.tidy(() => this.ofBatch(tf.exp(tf.sub(this.mu, tf.square(this.sigma)))))
  }

  entropy(): tf.Tensor {
    return tf.tidy(() => this.ofBatch(tf.add(tf.add(tf.log(this.sigma), this.mu), standardNormal.entropy)))
  }

  override cdf(x: tf.Tensor): tf.Tensor {
    return tf.tidy(() => this.logarithm.cdf(logarithmOf(x)))
  }

  override logCdf(x: tf.Tensor): tf.Tensor {
    return tf.tidy(() => this.logarithm.logCdf(logarithmOf(x)))
  }

  override logSurvival(x: tf.Tensor): tf.Tensor {
    return tf.tidy(() => this.logarithm.logSurvival(logarithmOf(x)))
  }

  override quantile(p: tf.Tensor): tf.Tensor {
    return tf.tidy(() => tf.exp(this.logarithm.quantile(p)))
  }
}

/** log x; -Infinity with zero gradient outside the support. */
function logarithmOf(x: tf.Tensor): tf.Tensor {
  return elementwise([x], {
    value: ([x]) => tf.log(tf.relu(x)),
    derivatives: ([x]) => [() => tf.divNoNan(1, tf.relu(x))],
  })
}
