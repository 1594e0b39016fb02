import * as tf from '@tensorflow/tfjs'
import { positive, real } from '../constraint.ts'
import { normalCdf, normalCentralCdf, normalLogCdf, normalLogCdfSlope, normalQuantile } from '../numerics/standardNormal.ts'
import type { Parameter } from '../parameter.ts'
import { LocationScale } from './locationScale.ts'
import { type StandardForm, type SymmetricForm, symmetric } from './standardForm.ts'

const HALF_LOG_TWO_PI = 0.5 * Math.log(2 * Math.PI)

/** The standard normal distribution. */
export const standardNormal: SymmetricForm = {
  logDensity: (z) => tf.sub(tf.mul(tf.square(z), -0.5), HALF_LOG_TWO_PI),
  score: (z) => tf.neg(z),
  cdf: normalCdf,
  centralCdf: normalCentralCdf,
  logCdf: normalLogCdf,
  logCdfSlope: normalLogCdfSlope,
  quantile: normalQuantile,
  entropy: HALF_LOG_TWO_PI + 0.5,
  noiseKind: 'normal',
}

/**
 * The normal distribution N(mu, sigma^2), one per element of the broadcast parameters.
 *
 *     log p(x) = -z^2 / 2 - log sigma - log(2 pi) / 2,   z = (x - mu) / sigma
 *     x = mu + sigma * eps
 *
 * Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions, 1994, chapter 13.
 */
export class Normal extends LocationScale<'normal', 'mu' | 'sigma'> {
  protected readonly standard: StandardForm = symmetric(standardNormal)

  /**
   * @param parameters.mu mean, real
   * @param parameters.sigma standard deviation, > 0 (not the variance)
   * @throws InvalidParameterError for a number outside its range (tensors are not read)
   * @throws ShapeMismatchError when the parameters' shapes do not broadcast
   */
  constructor(parameters: { readonly mu: Parameter; readonly sigma: Parameter }) {
    super('normal', { mu: real, sigma: positive }, parameters)
  }

  get mu(): Parameter {
    return this.parameters.mu
  }

  get sigma(): Parameter {
    return this.parameters.sigma
  }

  mean(): tf.Tensor {
    return this.ofBatch(this.mu)
  }

  override mode(): tf.Tensor {
    return this.ofBatch(this.mu)
  }

  variance(): tf.Tensor {
    return tf.tidy(() => this.ofBatch(tf.square(this.sigma)))
  }

  protected get location(): Parameter {
    return this.mu
  }

  protected get scale(): Parameter {
    return this.sigma
  }
}
