import * as tf from '@tensorflow/tfjs'
import type { Constraint } from '../constraint.ts'
import { Distribution, type NoiseKind, type ParameterValue } from '../distribution.ts'
import { InvalidParameterError } from '../errors.ts'

/**
 * Independent distributions taken together as one over their joint: the last axes of the batch become part of the event, and log-densities and
 * entropies are summed over them.
 */
export class Independent<Base extends Distribution = Distribution> extends Distribution {
  readonly family = 'independent'
  readonly base: Base
  readonly axes: number
  readonly noiseKind: NoiseKind
  readonly batchShape: readonly number[]
  override readonly eventShape: readonly number[]
  override readonly support: Constraint
  override readonly reparameterized: boolean

  /**
   * @param parameters.base the distributions
   * @param parameters.axes how many of the last batch axes to move into the event, from 0 to all of them
   * @throws InvalidParameterError for more axes than the batch has
   */
  constructor({ base, axes }: { readonly base: Base; readonly axes: number }) {
    super()
    const rank = base.batchShape.length
    if (!Number.isInteger(axes) || axes < 0 || axes > rank) {
      throw new InvalidParameterError(
        `independent: axes is ${axes}; expected an integer from 0 to ${rank}, the rank of the batch shape [${base.batchShape}].`,
      )
    }
    this.base = base
    this.axes = axes
    this.noiseKind = base.noiseKind
    this.batchShape = base.batchShape.slice(0, rank - axes)
    this.eventShape = [...base.batchShape.slice(rank - axes), ...base.eventShape]
    this.support = base.support
    this.reparameterized = base.reparameterized
  }

  get parameters(): { readonly base: Base; readonly axes: number } {
    return { base: this.base, axes: this.axes }
  }

  logProb(x: tf.Tensor): tf.Tensor {
    return tf.tidy(() => this.overEvent(this.base.logProb(x)))
  }

  sample(noise: tf.Tensor): tf.Tensor {
    return this.base.sample(noise)
  }

  override noiseShape(sampleShape: readonly number[] = []): number[] {
    return this.base.noiseShape(sampleShape)
  }

  mean(): tf.Tensor {
    return this.base.mean()
  }

  variance(): tf.Tensor {
    return this.base.variance()
  }

  override mode(): tf.Tensor {
    return this.base.mode()
  }

  entropy(): tf.Tensor {
    return tf.tidy(() => this.overEvent(this.base.entropy()))
  }

  override validate(): this {
    this.base.validate()
    return this
  }

  override withParameters(parameters: Readonly<Record<string, ParameterValue>>): this {
    return new Independent(parameters as unknown as { base: Base; axes: number }) as this
  }

  /** Sums a result of the base's batch shape over the axes that belong to the event here; the caller owns the sum. */
  overEvent(values: tf.Tensor): tf.Tensor {
    return this.axes === 0
      ? values
      : tf.sum(
          values,
          Array.from({ length: this.axes }, (_, i) => values.rank - this.axes + i),
        )
  }
}

/**
 * Takes the distributions along the last batch axes together as one.
 *
 * @param base the distributions
 * @param axes how many of the last batch axes become part of the event; default 1
 * @throws InvalidParameterError for more axes than the batch has
 */
export function independent<Base extends Distribution>(base: Base, axes = 1): Independent<Base> {
  return new Independent({ base, axes })
}
