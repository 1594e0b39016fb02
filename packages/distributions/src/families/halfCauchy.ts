import type * as tf from '@tensorflow/tfjs'
import { type Constraint, nonNegative, positive } from '../constraint.ts'
import type { Parameter } from '../parameter.ts'
import { standardCauchy } from './cauchy.ts'
import { LocationScale } from './locationScale.ts'
import { folded, type StandardForm } from './standardForm.ts'

/**
 * The half-Cauchy distribution, of |x| for x from Cauchy(0, scale), one per element of the parameter: the usual prior of a scale
 * (Gelman, 2006, "Prior distributions for variance parameters in hierarchical models").
 *
 *     log p(x) = log(2 / (pi scale)) - log(1 + z^2),   z = x / scale,   x >= 0
 *
 * Its mean and its variance are infinite.
 */
export class HalfCauchy extends LocationScale<'halfCauchy', 'scale'> {
  override readonly support: Constraint = nonNegative
  protected readonly standard: StandardForm = folded(standardCauchy)
  protected readonly location: number = 0

  /**
   * @param parameters.scale median, > 0
   * @throws InvalidParameterError for a number outside its range (a tensor is not read)
   */
  constructor(parameters: { readonly scale: Parameter }) {
    super('halfCauchy', { scale: positive }, parameters)
  }

  get scale(): Parameter {
    return this.parameters.scale
  }

  /** Infinity. */
  mean(): tf.Tensor {
    return this.ofBatch(Number.POSITIVE_INFINITY)
  }

  /** Infinity. */
  variance(): tf.Tensor {
    return this.ofBatch(Number.POSITIVE_INFINITY)
  }

  override mode(): tf.Tensor {
    return this.ofBatch(0)
  }
}
