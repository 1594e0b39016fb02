import * as tf from '@tensorflow/tfjs'
import { requireLogits } from '../checks/model.ts'
import type { Rows } from '../data/rows.ts'
import { UnsupportedModelError } from '../errors.ts'
import { type ClassSummary, ClassSums, classSummary } from './classSums.ts'
import { type DrawOptions, drawPlan } from './drawOptions.ts'
import { DrawStore } from './drawStore.ts'
import { overDraws } from './overDraws.ts'

/** The posterior predictive distribution of a classification; all tensors float32 and the caller's, all entropies in nats. */
export interface Predictive {
  /** Mean of the draws' probabilities, [rows, classes]. */
  readonly probabilities: tf.Tensor2D
  /** Logarithms of those means, finite where the probability underflows, [rows, classes]. */
  readonly logProbabilities: tf.Tensor2D
  /** Total uncertainty: entropy of the mean probabilities, [rows]. */
  readonly entropy: tf.Tensor1D
  /** Aleatoric part: mean of the draws' entropies, [rows]. */
  readonly expectedEntropy: tf.Tensor1D
  /** Epistemic part: entropy - expectedEntropy, [rows]; below 0 by rounding only, and then 0. */
  readonly mutualInformation: tf.Tensor1D
  /** Probabilities of each draw, [samples, rows, classes], where `keepDraws` asked for them. */
  readonly drawProbabilities?: tf.Tensor3D
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
 * @param model a model whose outputs are logits [rows, classes]
 * @param x inputs, [rows, ...]: a tensor, or an array with its shape
 * @throws InvalidOptionError, ShapeMismatchError, NonFiniteDataError or UnsupportedModelError before any work; NonFiniteOutputError;
 *   the reason of `signal` where that aborts
 */
export async function predictive(model: tf.LayersModel, x: Rows, options: DrawOptions): Promise<Predictive> {
  const plan = drawPlan(model, x, options)
  requireLogits(model)
  const outputShape = model.outputs[0]!.shape
  const classes = outputShape[1]
  if (outputShape.length !== 2 || !classes || classes < 2) {
    throw new UnsupportedModelError(
      `The output of the model has shape [${outputShape.map((size) => size ?? 'rows').join(', ')}].`,
      'Class probabilities need logits of shape [rows, classes] with at least two classes; for yes or no see predictiveBernoulli.',
    )
  }
  const sums = new ClassSums(plan.rows, 1, classes)
  const store = options.keepDraws ? new DrawStore(plan.samples, plan.rows) : undefined
  await overDraws({
    model,
    plan,
    options,
    inputs: [x],
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
  const shape: [number, number] = [plan.rows, classes]
  const tensors = {
    probabilities: tf.tensor2d(Float32Array.from(logProbabilities, Math.exp), shape),
    logProbabilities: tf.tensor2d(Float32Array.from(logProbabilities), shape),
    entropy: tf.tensor1d(Float32Array.from(entropy)),
    expectedEntropy: tf.tensor1d(Float32Array.from(expectedEntropy)),
    mutualInformation: tf.tensor1d(Float32Array.from(mutualInformation)),
    ...(store && { drawProbabilities: store.tensor() as tf.Tensor3D }),
  }
  return { ...tensors, samples: plan.samples, dispose: () => tf.dispose(tensors) }
}
