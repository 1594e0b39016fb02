import * as tf from '@tensorflow/tfjs'
import type { Constraint } from './constraint.ts'
import { real } from './constraint.ts'
import { UndefinedQuantityError } from './errors.ts'
import type { Parameter } from './parameter.ts'

/** Which independent random numbers a sampler takes: standard normal ones, or uniform ones on [0, 1). */
export type NoiseKind = 'normal' | 'uniform'

/** What a distribution's `parameters` may hold: a parameter, a list of them (one per component), or a distribution that is built upon. */
export type ParameterValue = Parameter | Distribution | readonly ParameterValue[]

/**
 * A probability distribution over tensors.
 *
 * Every method returns a new tensor that the caller owns, in nats where it is a logarithm, and leaves no other tensor behind. Parameters
 * given as tensors stay the caller's and must live as long as the distribution is used. What a family does not have (the mean of a
 * Cauchy distribution, the entropy of a mixture) throws UndefinedQuantityError.
 *
 * A family of your own extends this class with at least the abstract members.
 */
export abstract class Distribution {
  /** The name of the family, as it stands in a serialized distribution and in the table of closed KL divergences. */
  abstract readonly family: string

  /** The parameters by name, as the constructor takes them. */
  abstract readonly parameters: Readonly<Record<string, ParameterValue>>

  /** The shape to which the parameters broadcast: one distribution per element. */
  abstract readonly batchShape: readonly number[]

  /** Which noise {@link sample} takes. */
  abstract readonly noiseKind: NoiseKind

  /** The shape of one draw: `[]` except for distributions over vectors and for independent ones taken together. */
  readonly eventShape: readonly number[] = []

  /** Where each parameter must lie. */
  readonly constraints: Readonly<Record<string, Constraint>> = {}

  /** Where the distribution has its mass. */
  readonly support: Constraint = real

  /** Where log p changes fastest and over what distance, if it has one such place: quadrature under a wide q puts its nodes there. */
  readonly feature?: { readonly center: Parameter; readonly scale: Parameter }

  /** Whether gradients reach the parameters through {@link sample}. */
  readonly reparameterized: boolean = true

  /**
   * The log-density at x, or the log-probability for a discrete family.
   *
   * @param x [..., ...eventShape], whose leading part broadcasts with the batch shape
   * @returns log p(x) in nats, of the broadcast of leading part and batch shape; -Infinity, with zero gradient, outside the support
   */
  abstract logProb(x: tf.Tensor): tf.Tensor

  /**
   * Turns noise into draws from the distribution.
   *
   * @param noise independent random numbers of {@link noiseKind}, of a shape that {@link noiseShape} gives
   * @returns draws, [...sampleShape, ...batchShape, ...eventShape]
   */
  abstract sample(noise: tf.Tensor): tf.Tensor

  /** The mean, [...batchShape, ...eventShape]. */
  abstract mean(): tf.Tensor

  /** The variance of each element, [...batchShape, ...eventShape]. */
  abstract variance(): tf.Tensor

  /** The (differential) entropy -E[log p(x)] in nats, of the batch shape. */
  abstract entropy(): tf.Tensor

  /** The shape of the noise for draws of a given sample shape, e.g. `[100]` for a hundred. */
  noiseShape(sampleShape: readonly number[] = []): number[] {
    return [...sampleShape, ...this.batchShape, ...this.eventShape]
  }

  /** The point of highest density, [...batchShape, ...eventShape]. */
  mode(): tf.Tensor {
    return this.lacks('mode')
  }

  /** The distribution function P(X <= x), elementwise. */
  cdf(_x: tf.Tensor): tf.Tensor {
    return this.lacks('distribution function')
  }

  /** log P(X <= x), right far into both tails, elementwise. */
  logCdf(_x: tf.Tensor): tf.Tensor {
    return this.lacks('distribution function')
  }

  /** log P(X > x), right far into both tails, elementwise. */
  logSurvival(_x: tf.Tensor): tf.Tensor {
    return this.lacks('distribution function')
  }

  /**
   * The smallest x with P(X <= x) >= p, elementwise.
   *
   * @param p from 0 to 1; NaN comes of anything else
   */
  quantile(_p: tf.Tensor): tf.Tensor {
    return this.lacks('quantile function')
  }

  /**
   * Reads the parameters and refuses what lies outside its range.
   *
   * Constructors check numbers only: they must not read a tensor, which may be part of a step that is being traced.
   *
   * @returns this
   * @throws InvalidParameterError with the parameter, the index and the value
   */
  validate(): this {
    return this
  }

  /**
   * A distribution of the same family with other parameters.
   *
   * @param parameters all of them, by the names in {@link parameters}
   */
  withParameters(parameters: Readonly<Record<string, ParameterValue>>): this {
    return new (this.constructor as new (given: typeof parameters) => this)(parameters)
  }

  /** Throws that the distribution has no such quantity. */
  protected lacks(quantity: string, way = 'Estimate it on samples'): never {
    throw new UndefinedQuantityError(`${this.family} has no ${quantity} that could be computed in closed form. ${way}.`)
  }

  /** Broadcasts a result that depends on parameters alone to the batch shape; the caller of the public method owns it. */
  protected ofBatch(result: Parameter): tf.Tensor {
    return typeof result === 'number' ? tf.fill([...this.batchShape], result) : tf.broadcastTo(result, [...this.batchShape])
  }
}
