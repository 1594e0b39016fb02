import * as tf from '@tensorflow/tfjs'
import type { Rows } from '../data/rows.ts'
import type { Several } from '../data/several.ts'
import { InvalidOptionError, NonFiniteOutputError } from '../errors.ts'
import type { Likelihood } from '../likelihoods/likelihood.ts'
import type { BatchRange } from '../loop/batchRanges.ts'
import { type DrawOptions, drawPlan, outputOf } from './drawOptions.ts'
import { DrawStore } from './drawStore.ts'
import { mixtureQuantiles } from './mixtureQuantiles.ts'
import { overDraws } from './overDraws.ts'

export interface PredictiveRegressionOptions extends DrawOptions {
  /** A likelihood of numbers: one of those with a `distribution`. */
  readonly likelihood: Likelihood
  /** Which quantiles of the predictive distribution to compute, each between 0 and 1; default none. Needs all draws of a batch at once. */
  readonly quantiles?: readonly number[]
}

/** The posterior predictive distribution of numbers: a mixture over the draws. Tensors are float32 of the targets' shape [rows, ...], and the caller's. */
export interface PredictiveRegression {
  readonly mean: tf.Tensor
  /** Variance of the draws' means: about the weights. */
  readonly epistemicVariance: tf.Tensor
  /** Mean of the draws' variances: in the data. */
  readonly aleatoricVariance: tf.Tensor
  /** Their sum: the law of total variance. */
  readonly variance: tf.Tensor
  /** One tensor for each quantile asked for, in that order. */
  readonly quantiles: readonly tf.Tensor[]
  /** Mean and variance of the targets under each draw, [samples, rows, ...], where `keepDraws` asked for them: the components of the mixture. */
  readonly drawMeans?: tf.Tensor
  readonly drawVariances?: tf.Tensor
  /** Draws that were taken. */
  readonly samples: number
  dispose(): void
}

/**
 * Mean, variance by its two sources, and quantiles of the posterior predictive distribution of numbers, from S draws.
 *
 * The aleatoric variance is the mean of the draws' variances, not the square of a mean standard deviation; the epistemic one is summed about the mean
 * (Chan, Golub & LeVeque, 1983), so it does not cancel where the mean is large, and is that of the S draws themselves (divided by S).
 *
 * @param model a model whose outputs are what the likelihood takes
 * @param x inputs, [rows, ...]: a tensor, or an array with its shape; of a model with several inputs one for each, by place or by name
 * @returns the mixture over the draws, tensors that are the caller's: see `PredictiveRegression`
 * @throws as `predictive`
 */
export async function predictiveRegression(
  model: tf.LayersModel,
  x: Several<Rows>,
  options: PredictiveRegressionOptions,
): Promise<PredictiveRegression> {
  const plan = drawPlan(model, x, options)
  const { likelihood, quantiles = [] } = options
  const output = outputOf(model, options)
  if (!likelihood?.distribution) {
    throw new InvalidOptionError('likelihood', likelihood?.name, 'a likelihood of numbers; for classes see predictive')
  }
  likelihood.checkModel?.(model, output)
  if (!Array.isArray(quantiles)) throw new InvalidOptionError('quantiles', quantiles, 'an array of numbers between 0 and 1')
  quantiles.forEach((p, i) => {
    if (!(p > 0 && p < 1)) throw new InvalidOptionError(`quantiles[${i}]`, p, 'a number between 0 and 1')
  })
  const distribution = (outputs: tf.Tensor) => likelihood.distribution!(outputs)
  const moments = new Moments(plan.rows)
  const columns: Float32Array[][] = quantiles.map(() => [])
  const stores = options.keepDraws
    ? ([new DrawStore(plan.samples, plan.rows), new DrawStore(plan.samples, plan.rows)] as const)
    : undefined
  let held: tf.Tensor[] = []
  try {
    await overDraws({
      model,
      plan,
      options,
      output,
      summarize: (outputs) => {
        const each = distribution(outputs)
        const means = each.mean()
        const mean = tf.mean(means, 0)
        const deviation = tf.sum(tf.squaredDifference(means, mean), 0)
        const variances = each.variance()
        return {
          mean,
          deviation,
          variance: tf.mean(variances, 0),
          ...(quantiles.length > 0 && { outputs }),
          ...(stores && { drawMeans: means, drawVariances: tf.broadcastTo(variances, means.shape) }),
        }
      },
      consume: async (range, draws, summary: Record<string, tf.Tensor>) => {
        const { outputs, drawMeans, drawVariances, ...rest } = summary
        if (outputs) held.push(outputs)
        if (stores && drawMeans && drawVariances) {
          await Promise.all([stores[0].add(range, draws, drawMeans), stores[1].add(range, draws, drawVariances)])
        }
        await moments.add(range, draws.count, rest as MomentSummary)
      },
      batchDone: async () => {
        if (quantiles.length === 0) return
        const outputs = tf.concat(held, 0)
        tf.dispose(held)
        held = []
        try {
          for (const [i, p] of quantiles.entries()) {
            const quantile = tf.tidy(() => mixtureQuantiles(distribution(outputs), p))
            columns[i]!.push((await quantile.data()) as Float32Array)
            quantile.dispose()
          }
        } finally {
          outputs.dispose()
        }
      },
    })
  } finally {
    tf.dispose(held)
  }
  const components = stores && { drawMeans: stores[0].tensor(), drawVariances: stores[1].tensor() }
  return result(moments, columns, plan.samples, components)
}

function result(
  moments: Moments,
  columns: readonly Float32Array[][],
  samples: number,
  components: { readonly drawMeans: tf.Tensor; readonly drawVariances: tf.Tensor } | undefined,
): PredictiveRegression {
  const { shape, mean, deviation, variance } = moments
  const epistemic = deviation.map((value) => value / samples)
  const tensor = (values: Float64Array): tf.Tensor => tf.tensor(Float32Array.from(values), shape)
  const tensors = {
    mean: tensor(mean),
    epistemicVariance: tensor(epistemic),
    aleatoricVariance: tensor(variance),
    variance: tensor(variance.map((value, i) => value + epistemic[i]!)),
    quantiles: columns.map((parts) => tensor(Float64Array.from(parts.flatMap((part) => [...part])))),
    ...components,
  }
  return { ...tensors, samples, dispose: () => tf.dispose(tensors) }
}

/** Moments over the draws of a chunk, each of the targets' shape. */
type MomentSummary = {
  readonly mean: tf.Tensor
  /** Sum of the squared deviations of the draws' means from their mean. */
  readonly deviation: tf.Tensor
  /** Mean of the draws' variances. */
  readonly variance: tf.Tensor
}

/** Moments over all draws, in float64. */
class Moments {
  mean: Float64Array = new Float64Array(0)
  deviation: Float64Array = new Float64Array(0)
  variance: Float64Array = new Float64Array(0)
  shape: number[] = []
  readonly #rows: number
  readonly #counts: Float64Array

  constructor(rows: number) {
    this.#rows = rows
    this.#counts = new Float64Array(rows)
  }

  /** Joins the moments of a chunk to those so far, and frees its tensors. */
  async add({ start, rows }: BatchRange, draws: number, summary: MomentSummary): Promise<void> {
    const sizes = summary.mean.shape.slice(1)
    const perRow = tf.util.sizeFromShape(sizes)
    if (this.shape.length === 0) {
      this.shape = [this.#rows, ...sizes]
      this.mean = new Float64Array(this.#rows * perRow)
      this.deviation = new Float64Array(this.#rows * perRow)
      this.variance = new Float64Array(this.#rows * perRow)
    }
    const [mean, deviation, variance] = await Promise.all([
      summary.mean.data(),
      summary.deviation.data(),
      summary.variance.data(),
    ])
    tf.dispose(summary)
    for (let row = 0; row < rows; row++) {
      const before = this.#counts[start + row]!
      const total = before + draws
      for (let i = 0; i < perRow; i++) {
        const [from, to] = [row * perRow + i, (start + row) * perRow + i]
        if (!Number.isFinite(mean[from]! + deviation[from]! + variance[from]!)) throw new NonFiniteOutputError(start + row)
        const delta = mean[from]! - this.mean[to]!
        this.mean[to]! += (delta * draws) / total
        this.deviation[to]! += deviation[from]! + (delta ** 2 * before * draws) / total
        this.variance[to]! += ((variance[from]! - this.variance[to]!) * draws) / total
      }
      this.#counts[start + row] = total
    }
  }
}
