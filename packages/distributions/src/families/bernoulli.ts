import * as tf from '@tensorflow/tfjs'
import { binary, type Constraint, real, unitInterval } from '../constraint.ts'
import { elementwise } from '../numerics/elementwise.ts'
import { log1p } from '../numerics/log1p.ts'
import { broadcastShape, type Parameter } from '../parameter.ts'
import { ParametricDistribution } from './parametric.ts'

/** A Bernoulli distribution's parameter: its log-odds or its probability of 1. */
export type BernoulliParameters = { readonly logits: Parameter } | { readonly probabilities: Parameter }

/**
 * The Bernoulli distribution of a coin, one per element of the parameter.
 *
 *     P(1) = sigmoid(logits)
 *     log p(x) = -softplus((1 - 2 x) logits),   x in {0, 1}
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
    broadcastShape('bernoulli.logProb', { x: x.shape, batch: this.batchShape })
    return tf.tidy(() =>
      elementwise([tf.cast(x, 'float32'), this.logits()], {
        value: ([x, logits]) => {
          const logProb = tf.neg(tf.softplus(tf.mul(tf.sub(1, tf.mul(x, 2)), logits)))
          return tf.where(isBinary(x, logProb.shape), logProb, tf.fill(logProb.shape, Number.NEGATIVE_INFINITY))
        },
        derivatives: ([x, logits]) => [
          () => 0,
          () => {
            const side = tf.sub(1, tf.mul(x, 2))
            const slope = tf.neg(tf.mul(side, tf.sigmoid(tf.mul(side, logits))))
            return tf.where(isBinary(x, slope.shape), slope, tf.zerosLike(slope))
          },
        ],
      }),
    )
  }

  /** 1 where noise < P(1), else 0; int32, not differentiable. */
  sample(noise: tf.Tensor): tf.Tensor {
    broadcastShape('bernoulli.sample', { noise: noise.shape, batch: this.batchShape })
    return tf.tidy(() => tf.cast(tf.less(noise, tf.sigmoid(this.logits())), 'int32'))
  }

  mean(): tf.Tensor {
    return tf.tidy(() => this.ofBatch(tf.sigmoid(this.logits())))
  }

  variance(): tf.Tensor {
    return tf.tidy(() => this.ofBatch(tf.mul(tf.sigmoid(this.logits()), tf.sigmoid(tf.neg(this.logits())))))
  }

  /** The likelier value, 0 at equal odds; int32. */
  override mode(): tf.Tensor {
    return tf.tidy(() => this.ofBatch(tf.cast(tf.greater(this.logits(), 0), 'int32')))
  }

  /** P(1) softplus(-logits) + P(0) softplus(logits). */
  entropy(): tf.Tensor {
    return tf.tidy(() => {
      const logits = this.logits()
      const share = (a: tf.Tensor): tf.Tensor => tf.mul(tf.sigmoid(a), tf.minimum(tf.softplus(tf.neg(a)), NEGLIGIBLE))
      return this.ofBatch(tf.add(share(logits), share(tf.neg(logits))))
    })
  }

  override cdf(x: tf.Tensor): tf.Tensor {
    return this.step('cdf', x, [0, 1], () => tf.sigmoid(tf.neg(this.logits())))
  }

  override logCdf(x: tf.Tensor): tf.Tensor {
    return this.step('logCdf', x, [Number.NEGATIVE_INFINITY, 0], () => tf.neg(tf.softplus(this.logits())))
  }

  override logSurvival(x: tf.Tensor): tf.Tensor {
    return this.step('logSurvival', x, [0, Number.NEGATIVE_INFINITY], () => tf.neg(tf.softplus(tf.neg(this.logits()))))
  }

  /** 0 for p <= P(0), else 1; int32. */
  override quantile(p: tf.Tensor): tf.Tensor {
    broadcastShape('bernoulli.quantile', { p: p.shape, batch: this.batchShape })
    return tf.tidy(() => tf.cast(tf.greater(p, tf.sigmoid(tf.neg(this.logits()))), 'int32'))
  }

  /** The log-odds, given or of the given probability. */
  logits(): tf.Tensor {
    const { logits, probabilities } = this.parameters
    if (probabilities == null) return typeof logits === 'number' ? tf.scalar(logits) : tf.clone(logits)
    return tf.tidy(() => {
      const p = typeof probabilities === 'number' ? tf.scalar(probabilities) : probabilities
      return tf.sub(tf.log(p), log1p(tf.neg(p)))
    })
  }

  /** One value below 0, one from 1 on, and the result of `between` from 0 on. */
  private step(method: string, x: tf.Tensor, [below, above]: readonly [number, number], between: () => tf.Tensor): tf.Tensor {
    const shape = broadcastShape(`bernoulli.${method}`, { x: x.shape, batch: this.batchShape })
    return tf.tidy(() => {
      const value = tf.broadcastTo(tf.cast(x, 'float32'), [...shape])
      const atLeastOne = tf.where(tf.greaterEqual(value, 1), tf.fill([...shape], above), tf.broadcastTo(between(), [...shape]))
      return tf.where(tf.less(value, 0), tf.fill([...shape], below), atLeastOne)
    })
  }
}

function isBinary(x: tf.Tensor, shape: readonly number[]): tf.Tensor {
  return tf.broadcastTo(tf.logicalOr(tf.equal(x, 0), tf.equal(x, 1)), [...shape])
}

/** More nats than any float32 probability above 0 has: the product with its own probability, 0, stays 0. */
const NEGLIGIBLE = 1e4
