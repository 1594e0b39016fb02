import * as tf from '@tensorflow/tfjs'
import { type Constraint, interval, real } from '../constraint.ts'
import { InvalidParameterError } from '../errors.ts'
import { elementwise } from '../numerics/elementwise.ts'
import { lazy } from '../numerics/lazy.ts'
import { log1p } from '../numerics/log1p.ts'
import { nanOutsideUnit } from '../numerics/nanOutsideUnit.ts'
import { broadcastParameter, broadcastShape, indexOf, type Parameter } from '../parameter.ts'
import { ParametricDistribution } from './parametric.ts'

/**
 * The uniform distribution on [low, high], one per element of the broadcast parameters.
 *
 *     log p(x) = -log(high - low),   low <= x <= high
 *     mean = (low + high) / 2,   variance = (high - low)^2 / 12
 *
 * Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions, 1995, chapter 26.
 */
export class Uniform extends ParametricDistribution<'uniform', 'low' | 'high'> {
  readonly noiseKind = 'uniform'
  override readonly support: Constraint = interval

  /**
   * @param parameters.low lower bound, real
   * @param parameters.high upper bound, > low
   * @throws InvalidParameterError for numbers outside their range (tensors are not read)
   * @throws ShapeMismatchError when the parameters' shapes do not broadcast
   */
  constructor(parameters: { readonly low: Parameter; readonly high: Parameter }) {
    super('uniform', { low: real, high: real }, parameters)
    const { low, high } = parameters
    if (typeof low === 'number' && typeof high === 'number' && !(low < high)) {
      throw new InvalidParameterError(`uniform: low is ${low} and high is ${high}; expected low < high.`)
    }
  }

  get low(): Parameter {
    return this.parameters.low
  }

  get high(): Parameter {
    return this.parameters.high
  }

  logProb(x: tf.Tensor): tf.Tensor {
    return this.inside('logProb', x, {
      // 0 * below: NaN stays NaN.
      value: (below, width) => tf.sub(tf.mul(below, 0), tf.log(width)),
      outside: () => Number.NEGATIVE_INFINITY,
      derivatives: (_, width) => [() => tf.zerosLike(width), () => tf.div(1, width), () => tf.div(-1, width)],
    })
  }

  /** low + (high - low) * noise. */
  sample(noise: tf.Tensor): tf.Tensor {
    broadcastShape('uniform.sample', { noise: noise.shape, batch: this.batchShape })
    return tf.tidy(() => tf.add(this.low, tf.mul(tf.sub(this.high, this.low), noise)))
  }

  mean(): tf.Tensor {
    return tf.tidy(() => this.ofBatch(tf.mul(tf.add(this.low, this.high), 0.5)))
  }

  variance(): tf.Tensor {
    return tf.tidy(() => this.ofBatch(tf.div(tf.square(tf.sub(this.high, this.low)), 12)))
  }

  override mode(): tf.Tensor {
    return this.lacks('mode', 'Its density is the same everywhere')
  }

  entropy(): tf.Tensor {
    return tf.tidy(() => this.ofBatch(tf.log(tf.sub(this.high, this.low))))
  }

  override cdf(x: tf.Tensor): tf.Tensor {
    return this.inside('cdf', x, {
      value: (below) => below,
      outside: (isBelow) => (isBelow ? 0 : 1),
      derivatives: (below, width) => [
        () => tf.div(1, width),
        () => tf.div(tf.sub(below, 1), width),
        () => tf.neg(tf.div(below, width)),
      ],
    })
  }

  override logCdf(x: tf.Tensor): tf.Tensor {
    return this.inside('logCdf', x, {
      value: (below, width, above) => logOfShare(below, tf.div(above, width)),
      outside: (isBelow) => (isBelow ? Number.NEGATIVE_INFINITY : 0),
      derivatives: (below, width) => {
        const slope = lazy(() => tf.div(1, tf.mul(below, width)))
        return [slope, () => tf.mul(tf.sub(below, 1), slope()), () => tf.div(-1, width)]
      },
    })
  }

  override logSurvival(x: tf.Tensor): tf.Tensor {
    return this.inside('logSurvival', x, {
      value: (below, width, above) => logOfShare(tf.div(above, width), below),
      outside: (isBelow) => (isBelow ? 0 : Number.NEGATIVE_INFINITY),
      derivatives: (below, width, above) => {
        const slope = lazy(() => tf.div(-1, above))
        return [slope, () => tf.div(1, width), () => tf.neg(tf.mul(below, slope()))]
      },
    })
  }

  override quantile(p: tf.Tensor): tf.Tensor {
    broadcastShape('uniform.quantile', { p: p.shape, batch: this.batchShape })
    return tf.tidy(() => tf.add(this.sample(p), nanOutsideUnit(p)))
  }

  override validate(): this {
    super.validate()
    tf.tidy(() => {
      const [low, high] = [
        broadcastParameter(this.low, this.batchShape).dataSync(),
        broadcastParameter(this.high, this.batchShape).dataSync(),
      ]
      const wrong = low.findIndex((each, i) => !(each < high[i]!))
      if (wrong < 0) return
      const at = indexOf(wrong, this.batchShape)
      throw new InvalidParameterError(
        `uniform: low[${at}] is ${low[wrong]} and high[${at}] is ${high[wrong]}; expected low < high.`,
      )
    })
    return this
  }

  /** A function that has one formula on [low, high] and a constant on either side. */
  private inside(method: string, x: tf.Tensor, rule: PiecewiseRule): tf.Tensor {
    broadcastShape(`uniform.${method}`, { x: x.shape, batch: this.batchShape })
    return elementwise([x, this.low, this.high], {
      value: ([x, low, high]) => {
        const p = parts(x, low, high)
        const below = tf.fill(p.width.shape, rule.outside(true))
        const above = tf.fill(p.width.shape, rule.outside(false))
        return tf.where(p.isBelow, below, tf.where(p.isAbove, above, rule.value(p.below, p.width, p.above)))
      },
      derivatives: ([x, low, high]) => {
        const p = parts(x, low, high)
        return rule
          .derivatives(p.below, p.width, p.above)
          .map((derivative) => () => tf.where(tf.logicalOr(p.isBelow, p.isAbove), tf.zerosLike(p.width), derivative()))
      },
    })
  }
}

interface PiecewiseRule {
  /** @param below (x - low) / (high - low); `width` is high - low, `above` high - x */
  readonly value: (below: tf.Tensor, width: tf.Tensor, above: tf.Tensor) => tf.Tensor
  readonly outside: (isBelow: boolean) => number
  /** By x, low and high, inside. */
  readonly derivatives: (below: tf.Tensor, width: tf.Tensor, above: tf.Tensor) => readonly (() => tf.Tensor)[]
}

/** log of a share of the interval, given the rest too: from the rest where the share is close to 1. */
function logOfShare(share: tf.Tensor, rest: tf.Tensor): tf.Tensor {
  return tf.where(tf.less(rest, 0.25), log1p(tf.neg(tf.minimum(rest, 0.25))), tf.log(share))
}

function parts(
  x: Parameter,
  low: Parameter,
  high: Parameter,
): Record<'below' | 'above' | 'width' | 'isBelow' | 'isAbove', tf.Tensor> {
  const [distance, above] = [tf.sub(x, low), tf.sub(high, x)]
  const width = tf.add(tf.sub(high, low), tf.zerosLike(distance))
  // By what is outside: NaN is neither, and stays NaN.
  const isBelow = tf.less(tf.add(distance, tf.zerosLike(width)), 0)
  const isAbove = tf.less(tf.add(above, tf.zerosLike(width)), 0)
  return { below: tf.div(distance, width), above, width, isBelow, isAbove }
}
