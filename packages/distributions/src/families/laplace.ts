import * as tf from '@tensorflow/tfjs'
import { positive, real } from '../constraint.ts'
import { log1p } from '../numerics/log1p.ts'
import { sign } from '../numerics/sign.ts'
import type { Parameter } from '../parameter.ts'
import { LocationScale } from './locationScale.ts'
import { type StandardForm, type SymmetricForm, symmetric } from './standardForm.ts'

/** The standard Laplace distribution. */
const standardLaplace: SymmetricForm = {
  logDensity: (z) => tf.sub(tf.neg(tf.abs(z)), Math.LN2),
  score: (z) => tf.neg(sign(z)),
  cdf: (z) => {
    const tail = tf.mul(tf.exp(tf.neg(tf.abs(z))), 0.5)
    return tf.where(tf.less(z, 0), tail, tf.sub(1, tail))
  },
  centralCdf: (z) => tf.mul(sign(z), tf.mul(tf.expm1(tf.neg(tf.abs(z))), -0.5)),
  logCdf: (z) => {
    const below = tf.neg(tf.abs(z))
    return tf.where(tf.less(z, 0), tf.sub(below, Math.LN2), log1p(tf.mul(tf.exp(below), -0.5)))
  },
  // log(2 p) in the lower half; log1p keeps the middle exact, where p is close to 1/2.
  quantile: (central, tail) => {
    const near = log1p(tf.maximum(tf.mul(tf.abs(central), -2), -0.5))
    return tf.mul(tf.neg(sign(central)), tf.where(tf.less(tail, 0.25), tf.log(tf.mul(tail, 2)), near))
  },
  entropy: 1 + Math.LN2,
  noiseKind: 'uniform',
}

/**
 * The Laplace distribution, one per element of the broadcast parameters: the prior whose posterior mode is sparse.
 *
 *     log p(x) = -|z| - log(2 scale),   z = (x - mu) / scale
 *     variance = 2 scale^2
 *
 * Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions, 1995, chapter 24.
 */
export class Laplace extends LocationScale<'laplace', 'mu' | 'scale'> {
  override readonly feature: { readonly center: Parameter; readonly scale: Parameter }
  protected readonly standard: StandardForm = symmetric(standardLaplace)

  /**
   * @param parameters.mu mean and median, real
   * @param parameters.scale mean absolute deviation, > 0
   * @throws InvalidParameterError for a number outside its range (tensors are not read)
   * @throws ShapeMismatchError when the parameters' shapes do not broadcast
   */
  constructor(parameters: { readonly mu: Parameter; readonly scale: Parameter }) {
    super('laplace', { mu: real, scale: positive }, parameters)
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
    return tf.tidy(() => this.ofBatch(tf.mul(tf.square(this.scale), 2)))
  }

  protected get location(): Parameter {
    return this.mu
  }
}
