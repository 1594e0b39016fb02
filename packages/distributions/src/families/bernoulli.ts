import * as tf from '@tensorflow/tfjs'
import { binary, type Constraint, real, unitInterval } from '../constraint.ts'
import { elementwise } from '../numerics/elementwise.ts'
import { log1pValue } from '../numerics/log1p.ts'
import { safeLog } from '../numerics/safeLog.ts'
import { broadcastShape, type Parameter } from '../parameter.ts'
import { ParametricDistribution } from './parametric.ts'

/** A Bernoulli distribution's parameter: its log-odds or its probability of 1. */
export type BernoulliParameters = { readonly logits: Parameter } | { readonly probabilities: Parameter }

/**
 * The Bernoulli distribution of a coin, one per element of the parameter.
 *
 *     P(1) = sigmoid(logits)
 *     log p(x) = -softplus((1 - 2 x) logits),   x in {0, 1}
 *     mean = P(1),   variance = P(0) P(1)
 *
 * Given a probability, it is used as it is: its gradients are right, and finite, at 0 and 1 too.
 * Johnson, Kemp and Kotz, Univariate Discrete Distributions, 2005, section 3.2.
 */
export class Bernoulli extends ParametricDistribution<'bernoulli', 'logits' | 'probabilities'> {
  readonly noiseKind = 'uniform'
  override readonly reparameterized = false
  override readonly support: Constraint = binary

  /**
   * @param parameters.logits log(P(1) / P(0)), real; or
   * @param parameters.probabilities P(1), from 0 to 1
   * @throws InvalidParameterError for a number outside its range (a tensor is not read)
   */
  constructor(parameters: BernoulliParameters) {
    const constraints = 'probabilities' in (parameters ?? {}) ? { probabilities: unitInterval } : { logits: real }
    super(
      'bernoulli',
      constraints as Record<'logits' | 'probabilities', Constraint>,
      parameters as Record<'logits' | 'probabilities', Parameter>,
    )
  }

  logProb(x: tf.Tensor): tf.Tensor {
    const shape = broadcastShape('bernoulli.logProb', { x: x.shape, batch: this.batchShape })
    const full = (t: tf.Tensor): tf.Tensor => tf.broadcastTo(t, [...shape])
    const isValue = (t: tf.Tensor, value: 0 | 1): tf.Tensor => full(tf.equal(t, value))
    return tf.tidy(() =>
      elementwise([tf.cast(x, 'float32'), this.logProbability(0), this.logProbability(1)], {
        value: ([x, zero, one]) => {
          const zeroOrNowhere = tf.where(isValue(x, 0), full(zero), tf.fill([...shape], Number.NEGATIVE_INFINITY))
          return tf.where(isValue(x, 1), full(one), zeroOrNowhere)
        },
        derivatives: ([x]) => [() => 0, () => tf.cast(isValue(x, 0), 'float32'), () => tf.cast(isValue(x, 1), 'float32')],
      }),
    )
  }

  /** 1 where noise < P(1), else 0; int32, not differentiable. */
  sample(noise: tf.Tensor): tf.Tensor {
    broadcastShape('bernoulli.sample', { noise: noise.shape, batch: this.batchShape })
    return tf.tidy(() => tf.cast(tf.less(noise, this.probability(1)), 'int32'))
  }

  mean(): tf.Tensor {
    return tf.tidy(() => this.ofBatch(this.probability(1)))
  }

  variance(): tf.Tensor {
    return tf.tidy(() => this.ofBatch(tf.mul(this.probability(0), this.probability(1))))
  }

  /** The likelier value, 0 at equal odds; int32. */
  override mode(): tf.Tensor {
    return tf.tidy(() => this.ofBatch(tf.cast(tf.greater(this.probability(1), this.probability(0)), 'int32')))
  }

  /** -P(1) log P(1) - P(0) log P(0), where a probability of 0 adds nothing. */
  entropy(): tf.Tensor {
    return tf.tidy(() => {
      const share = (value: 0 | 1): tf.Tensor =>
        tf.mul(this.probability(value), tf.minimum(tf.neg(this.logProbability(value)), NEGLIGIBLE))
      return this.ofBatch(tf.add(share(0), share(1)))
    })
  }

  override cdf(x: tf.Tensor): tf.Tensor {
    return this.step('cdf', x, [0, 1], () => this.probability(0))
  }

  override logCdf(x: tf.Tensor): tf.Tensor {
    return this.step('logCdf', x, [Number.NEGATIVE_INFINITY, 0], () => this.logProbability(0))
  }

  override logSurvival(x: tf.Tensor): tf.Tensor {
    return this.step('logSurvival', x, [0, Number.NEGATIVE_INFINITY], () => this.logProbability(1))
  }

  /** 0 for p <= P(0), else 1; int32. */
  override quantile(p: tf.Tensor): tf.Tensor {
    broadcastShape('bernoulli.quantile', { p: p.shape, batch: this.batchShape })
    return tf.tidy(() => tf.cast(tf.greater(p, this.probability(0)), 'int32'))
  }

  /** The log-odds, given or of the given probability; infinite, with zero gradient, for a probability of 0 or 1. */
  logits(): tf.Tensor {
    const { logits, probabilities } = this.parameters
    if (probabilities == null) return typeof logits === 'number' ? tf.scalar(logits) : tf.clone(logits)
    return tf.tidy(() => tf.sub(this.logProbability(1), this.logProbability(0)))
  }

  /** P(0) and P(1), [...batch, 2]. */
  probabilities(): tf.Tensor {
    return tf.tidy(() => tf.stack([this.probability(0), this.probability(1)], -1))
  }

  /** log P(0) and log P(1), [...batch, 2]; -Infinity, with zero gradient, for a probability of 0. */
  logProbabilities(): tf.Tensor {
    return tf.tidy(() => tf.stack([this.logProbability(0), this.logProbability(1)], -1))
  }

  /** P(value), of the parameter's shape. */
  private probability(value: 0 | 1): tf.Tensor {
    const { logits, probabilities } = this.parameters
    if (probabilities == null) return tf.sigmoid(value === 1 ? logits : tf.neg(logits))
    return value === 1 ? tf.add(probabilities, 0) : tf.sub(1, probabilities)
  }

  /** log P(value), of the parameter's shape. */
  private logProbability(value: 0 | 1): tf.Tensor {
    const { logits, probabilities } = this.parameters
    if (probabilities == null) return tf.neg(tf.softplus(value === 1 ? tf.neg(logits) : logits))
    const p = typeof probabilities === 'number' ? tf.scalar(probabilities) : probabilities
    return value === 1 ? safeLog(p) : logOfRest(p)
  }

  /** One value below 0, one from 1 on, and the result of `between` from 0 on. */
  private step(method: string, x: tf.Tensor, [below, above]: readonly [number, number], between: () => tf.Tensor): tf.Tensor {
    const shape = broadcastShape(`bernoulli.${method}`, { x: x.shape, batch: this.batchShape })
    return tf.tidy(() => {
      const value = tf.broadcastTo(tf.cast(x, 'float32'), [...shape])
      const fromZeroOn = tf.where(tf.greaterEqual(value, 1), tf.fill([...shape], above), tf.broadcastTo(between(), [...shape]))
      const defined = tf.where(tf.less(value, 0), tf.fill([...shape], below), fromZeroOn)
      return tf.where(tf.isNaN(value), tf.fill([...shape], Number.NaN), defined)
    })
  }
}

/** log(1 - p), with gradient 0 at p = 1. */
function logOfRest(p: tf.Tensor): tf.Tensor {
  return elementwise([p], {
    value: ([v]) => log1pValue(tf.neg(v)),
    derivatives: ([v]) => [() => tf.divNoNan(-1, tf.sub(1, v))],
  })
}

/** More nats than any float32 probability above 0 has: the product with its own probability, 0, stays 0. */
const NEGLIGIBLE = 1e4
