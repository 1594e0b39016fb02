import * as tf from '@tensorflow/tfjs'
import { positive, real } from '../constraint.ts'
import { log1p } from '../numerics/log1p.ts'
import { sign } from '../numerics/sign.ts'
import type { Parameter } from '../parameter.ts'
import { LocationScale } from './locationScale.ts'
import { type StandardForm, type SymmetricForm, symmetric } from './standardForm.ts'

/** The standard logistic distribution. */
const standardLogistic: SymmetricForm = {
  logDensity: (z) => tf.sub(tf.neg(tf.abs(z)), tf.mul(tf.softplus(tf.neg(tf.abs(z))), 2)),
  score: (z) => tf.neg(tf.tanh(tf.mul(z, 0.5))),
  cdf: (z) => tf.sigmoid(z),
  centralCdf: (z) => tf.mul(tf.tanh(tf.mul(z, 0.5)), 0.5),
  logCdf: (z) => tf.neg(tf.softplus(tf.neg(z))),
  // log(p / (1 - p)) = 2 atanh(2 p - 1), the second form where p is close to 1/2.
  quantile: (central, tail) => {
    const twice = tf.clipByValue(tf.mul(tf.abs(central), 2), 0, 0.5)
    const near = tf.sub(log1p(twice), log1p(tf.neg(twice)))
    const far = tf.sub(log1p(tf.neg(tail)), tf.log(tail))
    return tf.mul(sign(central), tf.where(tf.less(tail, 0.25), far, near))
  },
  entropy: 2,
  noiseKind: 'uniform',
}

/**
 * The logistic distribution, one per element of the broadcast parameters.
 *
 *     log p(x) = -z - 2 log(1 + exp(-z)) - log scale,   z = (x - mu) / scale
 *     variance = (pi scale)^2 / 3
 *
 * Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions, 1995, chapter 23.
 */
export class Logistic extends LocationScale<'logistic', 'mu' | 'scale'> {
  override readonly feature: { readonly center: Parameter; readonly scale: Parameter }
  protected readonly standard: StandardForm = symmetric(standardLogistic)

  /**
   * @param parameters.mu mean and median, real
   * @param parameters.scale > 0 (the standard deviation is pi / sqrt 3 times it)
   * @throws InvalidParameterError for a number outside its range (tensors are not read)
   * @throws ShapeMismatchError when the parameters' shapes do not broadcast
   */
  constructor(parameters: { readonly mu: Parameter; readonly scale: Parameter }) {
    super('logistic', { mu: real, scale: positive }, parameters)
    this.feature = { center: parameters.mu, scale: parameters.scale }
  }

  get mu(): Parameter {
    return this.parameters.mu
  }

  get scale(): Parameter {
    return this.parameters.scale
  }

  mean(): tf.Tensor {
    return this.ofBatch(this.mu)
  }

  override mode(): tf.Tensor {
    return this.ofBatch(this.mu)
  }

  variance(): tf.Tensor {
    return tf.tidy(() => this.ofBatch(tf.mul(tf.square(this.scale), Math.PI ** 2 / 3)))
  }

  protected get location(): Parameter {
    return this.mu
  }
}
