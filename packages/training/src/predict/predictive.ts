import * as tf from '@tensorflow/tfjs'
import { requireLogits } from '../checks/model.ts'
import type { Rows } from '../data/rows.ts'
import type { Several } from '../data/several.ts'
import { UnsupportedModelError } from '../errors.ts'
import { type ClassSummary, ClassSums, classSummary } from './classSums.ts'
import { type DrawOptions, drawPlan, outputOf } from './drawOptions.ts'
import { DrawStore } from './drawStore.ts'
import { overDraws } from './overDraws.ts'

/**
 * The posterior predictive distribution of a classification; all tensors float32 and the caller's, all entropies in nats. Where the model gives logits for each
 * place of a sequence or an image, [rows, ..., classes], there is one distribution for each place, [rows, ...]: `Predictive<tf.Tensor3D, tf.Tensor2D>` for
 * sequences.
 */
export interface Predictive<P extends tf.Tensor = tf.Tensor2D, E extends tf.Tensor = tf.Tensor1D> {
  /** Mean of the draws' probabilities, [rows, ..., classes]. */
  readonly probabilities: P
  /** Logarithms of those means, finite where the probability underflows, [rows, ..., classes]. */
  readonly logProbabilities: P
  /** Total uncertainty: entropy of the mean probabilities, [rows, ...]. */
  readonly entropy: E
  /** Aleatoric part: mean of the draws' entropies, [rows, ...]. */
  readonly expectedEntropy: E
  /** Epistemic part: entropy - expectedEntropy, [rows, ...]; below 0 by rounding only, and then 0. */
  readonly mutualInformation: E
  /** Probabilities of each draw, [samples, rows, ..., classes], where `keepDraws` asked for them. */
  readonly drawProbabilities?: tf.Tensor
  /** Draws that were taken. */
  readonly samples: number
  dispose(): void
}

/**
 * The posterior predictive distribution p(y | x) = E_q[p(y | x, w)] over classes and how uncertain it is, from S draws.
 *
 * Averages probabilities, not logits, in log space and across chunks in float64. Memory is bounded whatever S and the number of rows; beside the result
 * only one batch and a few draws of it are held. Draw s uses the same noise in each batch: with `weightSampling` a draw is therefore one function over all
 * rows, whatever the batch size; with `localReparameterization` rows are independent within a batch, and rows at the same place of two batches are not.
 * Depeweg et al. (2018), "Decomposition of Uncertainty in Bayesian Deep Learning", for the parts of the entropy.
 *
 * @param model a model whose outputs are logits [rows, classes], or [rows, ..., classes]
 * @param x inputs, [rows, ...]: a tensor, or an array with its shape; of a model with several inputs one for each, by place or by name
 * @returns means over the draws, tensors that are the caller's: see `Predictive`
 * @throws InvalidOptionError, ShapeMismatchError, NonFiniteDataError or UnsupportedModelError before any work; NonFiniteOutputError;
 *   the reason of `signal` where that aborts
 */
export async function predictive<P extends tf.Tensor = tf.Tensor2D, E extends tf.Tensor = tf.Tensor1D>(
  model: tf.LayersModel,
  x: Several<Rows>,
  options: DrawOptions,
): Promise<Predictive<P, E>> {
  const plan = drawPlan(model, x, options)
  const output = outputOf(model, options)
  requireLogits(model, output)
  const outputShape = model.outputs[output]!.shape
  const classes = outputShape.at(-1)
  if (outputShape.length < 2 || !classes || classes < 2) {
    throw new UnsupportedModelError(
      `The output of the model has shape [${outputShape.map((size) => size ?? 'rows').join(', ')}].`,
      'Class probabilities need logits of shape [rows, ..., classes] with at least two classes; for yes or no see predictiveBernoulli.',
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
      ...classSummary(tf.logSoftmax(logits)),
      ...(store && { drawProbabilities: tf.softmax(logits) }),
    }),
    consume: async (range, draws, { drawProbabilities, ...summary }: ClassSummary & { drawProbabilities?: tf.Tensor }) => {
      if (drawProbabilities) await store?.add(range, draws, drawProbabilities)
      await sums.add(range, summary)
    },
  })
  const { logProbabilities, entropy, expectedEntropy, mutualInformation } = sums.means(plan.samples)
  const distributions = (values: Float64Array): P => tf.tensor(Float32Array.from(values), [...sums.shape, classes]) as P
  const each = (values: Float64Array): E => tf.tensor(Float32Array.from(values), sums.shape) as E
  const tensors = {
    probabilities: distributions(logProbabilities.map(Math.exp)),
    logProbabilities: distributions(logProbabilities),
    entropy: each(entropy),
    expectedEntropy: each(expectedEntropy),
    mutualInformation: each(mutualInformation),
    ...(store && { drawProbabilities: store.tensor() }),
  }
  return { ...tensors, samples: plan.samples, dispose: () => tf.dispose(tensors) }
}
