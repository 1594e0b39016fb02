import * as tf from '@tensorflow/tfjs'
import { NonFiniteOutputError } from '../errors.ts'
import type { BatchRange } from '../loop/batchRanges.ts'
import { logAdd } from './logAdd.ts'

/** Sums over a few draws of a batch; "distributions" are rows, or labels of rows. */
export type ClassSummary = {
  /** log sum over draws of the probabilities, [..., classes]. */
  readonly logProbabilitySum: tf.Tensor
  /** Sum over draws of the entropies in nats, [...]. */
  readonly entropySum: tf.Tensor
}

/**
 * Sums up draws of log-probabilities, in log space: a class that is improbable under every draw keeps its logarithm where its probability underflows.
 *
 * @param logProbabilities [draws, ..., classes]
 */
export function classSummary(logProbabilities: tf.Tensor): ClassSummary {
  const entropies = tf.neg(tf.sum(tf.mul(tf.exp(logProbabilities), logProbabilities), -1))
  return { logProbabilitySum: tf.logSumExp(logProbabilities, 0), entropySum: tf.sum(entropies, 0) }
}

/** Sums over all draws in float64, with the mean probabilities and the parts of their entropy. */
export class ClassSums {
  readonly #rows: number
  #sizes: readonly number[] = []
  #classes = 0
  #logProbability = new Float64Array(0)
  #entropy = new Float64Array(0)

  constructor(rows: number) {
    this.#rows = rows
  }

  /** The distributions, [rows, ...]. */
  get shape(): number[] {
    return [this.#rows, ...this.#sizes]
  }

  /** Adds the draws of a chunk and frees its tensors. */
  async add({ start }: BatchRange, { logProbabilitySum, entropySum }: ClassSummary): Promise<void> {
    const [logs, entropies] = await Promise.all([logProbabilitySum.data(), entropySum.data()])
    tf.dispose([logProbabilitySum, entropySum])
    this.#start(logProbabilitySum.shape)
    const perRow = tf.util.sizeFromShape([...this.#sizes])
    const first = start * perRow
    logs.forEach((log, i) => {
      const place = first * this.#classes + i
      this.#logProbability[place] = logAdd(this.#logProbability[place]!, log)
    })
    entropies.forEach((entropy, i) => {
      if (!Number.isFinite(entropy)) throw new NonFiniteOutputError(start + Math.floor(i / perRow))
      this.#entropy[first + i]! += entropy
    })
  }

  /** An open axis of the model's output is as long as the first batch has it. */
  #start([, ...sizes]: readonly number[]): void {
    if (this.#classes > 0) return
    this.#classes = sizes.pop()!
    this.#sizes = sizes
    const distributions = tf.util.sizeFromShape(this.shape)
    this.#logProbability = new Float64Array(distributions * this.#classes).fill(Number.NEGATIVE_INFINITY)
    this.#entropy = new Float64Array(distributions)
  }

  /** Logarithms of the mean probabilities, and entropies of each distribution; the mutual information is below 0 by rounding only, and then 0. */
  means(samples: number): ClassMeans {
    const logProbabilities = this.#logProbability.map((value) => value - Math.log(samples))
    const entropy = new Float64Array(this.#entropy.length)
    logProbabilities.forEach((value, i) => {
      if (value > Number.NEGATIVE_INFINITY) entropy[Math.floor(i / this.#classes)]! -= Math.exp(value) * value
    })
    const expectedEntropy = this.#entropy.map((value) => Math.max(0, value / samples))
    return {
      logProbabilities,
      entropy: entropy.map((value) => Math.max(0, value)),
      expectedEntropy,
      mutualInformation: entropy.map((value, i) => (samples === 1 ? 0 : Math.max(0, value - expectedEntropy[i]!))),
    }
  }
}

export interface ClassMeans {
  readonly logProbabilities: Float64Array
  readonly entropy: Float64Array
  readonly expectedEntropy: Float64Array
  readonly mutualInformation: Float64Array
}
