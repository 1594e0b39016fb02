import * as tf from '@tensorflow/tfjs'
import { requireNoSigmoid } from '../checks/model.ts'
import type { Rows } from '../data/rows.ts'
import type { Several } from '../data/several.ts'
import { UnsupportedModelError } from '../errors.ts'
import { type ClassSummary, ClassSums, classSummary } from './classSums.ts'
import { type DrawOptions, drawPlan, outputOf } from './drawOptions.ts'
import { DrawStore } from './drawStore.ts'
import { overDraws } from './overDraws.ts'

/** The posterior predictive distribution of yes-or-no labels, each by itself; all tensors float32 [rows, labels] and the caller's, entropies in nats. */
export interface PredictiveBernoulli {
  /** Mean of the draws' probabilities of 1. */
  readonly probabilities: tf.Tensor2D
  /** Total uncertainty: entropy of the mean probability. */
  readonly entropy: tf.Tensor2D
  /** Aleatoric part: mean of the draws' entropies. */
  readonly expectedEntropy: tf.Tensor2D
  /** Epistemic part: entropy - expectedEntropy; below 0 by rounding only, and then 0. */
  readonly mutualInformation: tf.Tensor2D
  /** Probabilities of 1 under each draw, [samples, rows, labels], where `keepDraws` asked for them. */
  readonly drawProbabilities?: tf.Tensor3D
  /** Draws that were taken. */
  readonly samples: number
  dispose(): void
}

/**
 * The posterior predictive distribution of each of L yes-or-no labels, from S draws: what `predictive` is for classes that exclude each other.
 *
 * @param model a model whose outputs are logits [rows, L], one for each label
 * @param x inputs, [rows, ...]: a tensor, or an array with its shape; of a model with several inputs one for each, by place or by name
 * @returns means over the draws, tensors that are the caller's: see `PredictiveBernoulli`
 * @throws as `predictive`
 */
export async function predictiveBernoulli(
  model: tf.LayersModel,
  x: Several<Rows>,
  options: DrawOptions,
): Promise<PredictiveBernoulli> {
  const plan = drawPlan(model, x, options)
  const output = outputOf(model, options)
  requireNoSigmoid(model, output)
  const outputShape = model.outputs[output]!.shape
  const labels = outputShape[1]
  if (outputShape.length !== 2 || !labels) {
    throw new UnsupportedModelError(
      `The output of the model has shape [${outputShape.map((size) => size ?? 'rows').join(', ')}].`,
      'Yes-or-no labels need logits of shape [rows, labels].',
    )
  }
  const sums = new ClassSums(plan.rows)
  const store = options.keepDraws ? new DrawStore(plan.samples, plan.rows) : undefined
  await overDraws({
    model,
    plan,
    options,
    output,
    summarize: (logits) => ({
      ...classSummary(tf.neg(tf.stack([tf.softplus(logits), tf.softplus(tf.neg(logits))], -1))),
      ...(store && { drawProbabilities: tf.sigmoid(logits) }),
    }),
    consume: async (range, draws, { drawProbabilities, ...summary }: ClassSummary & { drawProbabilities?: tf.Tensor }) => {
      if (drawProbabilities) await store?.add(range, draws, drawProbabilities)
      await sums.add(range, summary)
    },
  })
  const { logProbabilities, ...parts } = sums.means(plan.samples)
  const matrix = (values: Float64Array): tf.Tensor2D => tf.tensor2d(Float32Array.from(values), [plan.rows, labels])
  const tensors = {
    probabilities: matrix(logProbabilities.filter((_, i) => i % 2 === 1).map(Math.exp)),
    entropy: matrix(parts.entropy),
    expectedEntropy: matrix(parts.expectedEntropy),
    mutualInformation: matrix(parts.mutualInformation),
    ...(store && { drawProbabilities: store.tensor() as tf.Tensor3D }),
  }
  return { ...tensors, samples: plan.samples, dispose: () => tf.dispose(tensors) }
}
