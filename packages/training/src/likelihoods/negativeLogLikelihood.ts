import * as tf from '@tensorflow/tfjs'
import type { Likelihood } from './likelihood.ts'

/**
 * A likelihood as a loss of `model.compile`, for those who train with tfjs's own `model.fit`.
 *
 * The variational layers add KL / `datasetSize` to it, so that the loss is the same `mean NLL + KL / N` as that of `fit`. tfjs wants targets of the
 * outputs' shape: for `categorical` one-hot rows. Targets are not checked; likelihoods with variables of their own are not trained this way.
 *
 * @param likelihood that of the model's one output
 * @returns loss function (targets, outputs) -> NLL in nats, one number a row, which tfjs averages
 */
export function negativeLogLikelihood(likelihood: Likelihood): (y: tf.Tensor, outputs: tf.Tensor) => tf.Tensor {
  return (y, outputs) =>
    tf.tidy(() => tf.neg(likelihood.logLikelihood(outputs, likelihood.name === 'categorical' ? tf.argMax(y, -1).toInt() : y)))
}
