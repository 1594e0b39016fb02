import * as tf from '@tensorflow/tfjs'
import { positive, real } from '../constraint.ts'
import { log1p, log1pSquare } from '../numerics/log1p.ts'
import { sign } from '../numerics/sign.ts'
import type { Parameter } from '../parameter.ts'
import { LocationScale } from './locationScale.ts'
import { type StandardForm, type SymmetricForm, symmetric } from './standardForm.ts'

/** The standard Cauchy distribution. */
export const standardCauchy: SymmetricForm = {
  logDensity: (z) => tf.neg(tf.add(log1pSquare(z), Math.log(Math.PI))),
  // -2 z / (1 + z^2), in a form whose square does not overflow.
  score: (z) => {
    const size = tf.abs(z)
    const ratio = tf.div(tf.minimum(size, 1), tf.maximum(size, 1))
    return tf.mul(sign(z), tf.div(tf.mul(ratio, -2), tf.add(tf.square(ratio), 1)))
  },
  // The angle of (-z, 1) rather than 1/2 + atan(z) / pi, which cancels in the lower tail.
  cdf: (z) => lowerTail(z),
  centralCdf: (z) => tf.div(tf.atan(z), Math.PI),
  logCdf: (z) => tf.where(tf.less(z, 0), tf.log(lowerTail(z)), log1p(tf.neg(lowerTail(tf.neg(tf.abs(z)))))),
  quantile: (central, tail) => {
    const near = tf.tan(tf.mul(tf.clipByValue(central, -0.25, 0.25), Math.PI))
    const far = tf.div(sign(central), tf.tan(tf.mul(tail, Math.PI)))
    return tf.where(tf.less(tail, 0.25), far, near)
  },
  entropy: Math.log(4 * Math.PI),
  noiseKind: 'uniform',
}

/**
 * The Cauchy distribution, one per element of the broadcast parameters.
 *
 *     log p(x) = -log(1 + z^2) - log(pi scale),   z = (x - mu) / scale
 *
 * It has neither mean nor variance.
 * Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions, 1994, chapter 16.
 */
export class Cauchy extends LocationScale<'cauchy', 'mu' | 'scale'> {
  override readonly feature: { readonly center: Parameter; readonly scale: Parameter }
  protected readonly standard: StandardForm = symmetric(standardCauchy)

  /**
   * @param parameters.mu median and mode, real
   * @param parameters.scale half of the interquartile range, > 0
   * @throws InvalidParameterError for a number outside its range (tensors are not read)
   * @throws ShapeMismatchError when the parameters' shapes do not broadcast
   */
  constructor(parameters: { readonly mu: Parameter; readonly scale: Parameter }) {
    super('cauchy', { mu: real, scale: positive }, parameters)
    this.feature = { center: parameters.mu, scale: parameters.scale }
  }

  get mu(): Parameter {
    return this.parameters.mu
  }

  get scale(): Parameter {
    return this.parameters.scale
  }

  override mode(): tf.Tensor {
    return this.ofBatch(this.mu)
  }

  mean(): tf.Tensor {
    return this.lacks('mean', 'Its integral does not converge; the median is mu')
  }

  variance(): tf.Tensor {
    return this.lacks('variance', 'Its integral does not converge; the interquartile range is 2 * scale')
  }

  protected get location(): Parameter {
    return this.mu
  }
}

/** F(z). */
function lowerTail(z: tf.Tensor): tf.Tensor {
  return tf.div(tf.atan2(tf.onesLike(z), tf.neg(z)), Math.PI)
}
