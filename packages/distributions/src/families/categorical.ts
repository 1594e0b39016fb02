import * as tf from '@tensorflow/tfjs'
import { type Constraint, label, real, unitInterval } from '../constraint.ts'
import { Distribution } from '../distribution.ts'
import { InvalidParameterError, ShapeMismatchError } from '../errors.ts'
import { atLabels } from '../likelihoods/categoricalLogLikelihood.ts'
import { safeLog } from '../numerics/safeLog.ts'
import { broadcastShape, checkValues, indexOf } from '../parameter.ts'

/** A categorical distribution's parameter: unnormalized log-probabilities or probabilities, along the last axis. */
export type CategoricalParameters = { readonly logits: tf.Tensor } | { readonly probabilities: tf.Tensor }

/**
 * The categorical distribution over the classes 0 to K - 1, one per row of the parameter.
 *
 *     P(k) = softmax(logits)_k,   or probabilities_k over their sum
 *     log p(x) = log P(x),   x in {0, ..., K - 1}
 *
 * Labels have no mean, variance or distribution function.
 * Bishop, Pattern Recognition and Machine Learning, 2006, section 2.2.
 */
export class Categorical extends Distribution {
  readonly family = 'categorical'
  readonly noiseKind = 'uniform'
  readonly batchShape: readonly number[]
  override readonly reparameterized = false
  override readonly support: Constraint = label
  override readonly constraints: Readonly<Record<string, Constraint>>
  readonly parameters: Readonly<Record<string, tf.Tensor>>
  /** The number of classes, K. */
  readonly classes: number

  /**
   * @param parameters.logits [...batch, K], real or -Infinity for a class that does not occur; or
   * @param parameters.probabilities [...batch, K], each from 0 to 1, rows that sum to 1
   * @throws InvalidParameterError unless one of them is given as a tensor of rank 1 or more (it is not read)
   */
  constructor(parameters: CategoricalParameters) {
    super()
    const name = 'probabilities' in (parameters ?? {}) ? 'probabilities' : 'logits'
    const given = (parameters as Record<string, tf.Tensor> | undefined)?.[name]
    if (!(given instanceof tf.Tensor) || given.rank < 1) {
      throw new InvalidParameterError(
        `categorical: ${name} is ${given instanceof tf.Tensor ? `a tensor of shape [${given.shape}]` : JSON.stringify(given)}; expected a tensor [...batch, K].`,
      )
    }
    this.parameters = { [name]: given }
    this.constraints = name === 'probabilities' ? { probabilities: unitInterval } : { logits: real }
    this.batchShape = given.shape.slice(0, -1)
    this.classes = given.shape.at(-1)!
  }

  /** @param x int32 labels, of a shape that broadcasts with the batch shape */
  logProb(x: tf.Tensor): tf.Tensor {
    const shape = broadcastShape('categorical.logProb', { x: x.shape, batch: this.batchShape })
    return tf.tidy(() => {
      const logProbabilities = tf.broadcastTo(this.logProbabilities(), [...shape, this.classes])
      return atLabels(logProbabilities, tf.broadcastTo(tf.cast(x, 'int32'), [...shape]))
    })
  }

  /** The first class whose cumulative probability exceeds the noise; int32, not differentiable. */
  sample(noise: tf.Tensor): tf.Tensor {
    broadcastShape('categorical.sample', { noise: noise.shape, batch: this.batchShape })
    return tf.tidy(() => {
      // The axis from the front: the wasm and cpu kernels do not count it from the back.
      const cumulative = tf.cumsum(this.probabilities(), this.batchShape.length)
      // Rounding can leave the last sum below 1, and a noise above it.
      const total = tf.slice(cumulative, [...this.batchShape.map(() => 0), this.classes - 1], [...this.batchShape, 1])
      const passed = tf.lessEqual(cumulative, tf.mul(tf.expandDims(noise, -1), total))
      return tf.minimum(tf.sum(tf.cast(passed, 'int32'), -1), tf.scalar(this.classes - 1, 'int32'))
    })
  }

  mean(): tf.Tensor {
    return this.lacks('mean', 'Classes are labels, not numbers')
  }

  variance(): tf.Tensor {
    return this.lacks('variance', 'Classes are labels, not numbers')
  }

  /** The likeliest class, the first of equals; int32. */
  override mode(): tf.Tensor {
    return tf.tidy(() => tf.argMax(this.logits(), -1))
  }

  /** -sum_k P(k) log P(k), where a class of probability 0 adds nothing. */
  entropy(): tf.Tensor {
    return tf.tidy(() => {
      return tf.neg(tf.sum(tf.mul(this.probabilities(), tf.maximum(this.logProbabilities(), NEGLIGIBLE)), -1))
    })
  }

  /** [...batch, K]: the given logits, or the logarithms of the given probabilities. */
  logits(): tf.Tensor {
    const { logits, probabilities } = this.parameters
    return probabilities == null ? tf.clone(logits!) : tf.log(probabilities)
  }

  /** P, [...batch, K]: rows that sum to 1. */
  probabilities(): tf.Tensor {
    const { logits, probabilities } = this.parameters
    return tf.tidy(() => (probabilities == null ? tf.softmax(logits!) : tf.div(probabilities, tf.sum(probabilities, -1, true))))
  }

  /** log P, [...batch, K]; -Infinity, with zero gradient, where P is 0. */
  logProbabilities(): tf.Tensor {
    const { logits, probabilities } = this.parameters
    return tf.tidy(() =>
      probabilities == null ? tf.logSoftmax(logits!) : tf.sub(safeLog(probabilities), tf.log(tf.sum(probabilities, -1, true))),
    )
  }

  override validate(): this {
    const { logits, probabilities } = this.parameters
    if (this.classes < 1)
      throw new ShapeMismatchError(`categorical: got no classes, shape [${(logits ?? probabilities)!.shape}].`)
    if (logits != null) {
      checkValues(this.family, 'logits', logits, {
        name: 'real or -Infinity',
        expected: 'a number below Infinity',
        holds: (x) => x < Number.POSITIVE_INFINITY,
      })
      tf.tidy(() => {
        const wrong = tf.max(logits, -1).dataSync().indexOf(Number.NEGATIVE_INFINITY)
        if (wrong < 0) return
        throw new InvalidParameterError(
          `categorical: logits[${[...indexOf(wrong, this.batchShape), ':']}] are all -Infinity; expected at least one class that occurs.`,
        )
      })
      return this
    }
    checkValues(this.family, 'probabilities', probabilities!, unitInterval)
    tf.tidy(() => {
      const totals = tf.sum(probabilities!, -1).dataSync()
      const wrong = totals.findIndex((total) => !(Math.abs(total - 1) <= 1e-5))
      if (wrong < 0) return
      throw new InvalidParameterError(
        `categorical: probabilities[${[...indexOf(wrong, this.batchShape), ':']}] sum to ${totals[wrong]}; expected 1. Divide them by their sum, or give logits.`,
      )
    })
    return this
  }
}

/** Log-probabilities below this belong to a probability of 0 in float32: their product stays 0 instead of NaN. */
const NEGLIGIBLE = -1e4
