import * as tf from '@tensorflow/tfjs'
import { type Constraint, nonNegative, positive } from '../constraint.ts'
import type { Parameter } from '../parameter.ts'
import { LocationScale } from './locationScale.ts'
import { standardNormal } from './normal.ts'
import { folded, type StandardForm } from './standardForm.ts'

/**
 * The half-normal distribution, of |x| for x ~ N(0, sigma^2), one per element of the parameter.
 *
 *     log p(x) = -z^2 / 2 - log sigma + log(2 / pi) / 2,   z = x / sigma,   x >= 0
 *     mean = sigma sqrt(2 / pi),   variance = sigma^2 (1 - 2 / pi)
 *
 * Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions, 1994, chapter 13, section 10.1 (the normal distribution folded at its mean).
 */
export class HalfNormal extends LocationScale<'halfNormal', 'sigma'> {
  override readonly support: Constraint = nonNegative
  protected readonly standard: StandardForm = folded(standardNormal)
  protected readonly location: number = 0

  /**
   * @param parameters.sigma standard deviation of the normal distribution that is folded, > 0
   * @throws InvalidParameterError for a number outside its range (a tensor is not read)
   */
  constructor(parameters: { readonly sigma: Parameter }) {
    super('halfNormal', { sigma: positive }, parameters)
  }

  get sigma(): Parameter {
    return this.parameters.sigma
  }

  mean(): tf.Tensor {
    return tf.tidy(() => this.ofBatch(tf.mul(this.sigma, Math.sqrt(2 / Math.PI))))
  }

  variance(): tf.Tensor {
    return tf.tidy(() => this.ofBatch(tf.mul(tf.square(this.sigma), 1 - 2 / Math.PI)))
  }

  override mode(): tf.Tensor {
    return this.ofBatch(0)
  }

  protected get scale(): Parameter {
    return this.sigma
  }

  protected override standardDraw(noise: tf.Tensor): tf.Tensor {
    return tf.abs(noise)
  }
}
