import * as tf from '@tensorflow/tfjs'
import { type ElboTermsOptions, elboTerms } from '../elbo/elboTerms.ts'

/**
 * Scores one batch, without a gradient.
 *
 * @param x inputs of the batch, [rows, ...]
 * @param y targets of the batch, as `Likelihood.prepareTargets` gives them
 * @param counter int32 scalar that picks the noise
 * @returns [NLL, KL] or, where the likelihood has a prediction error, [NLL, KL, error]: means over the rows; the caller owns it
 */
export type EvaluationStep = (x: tf.Tensor, y: tf.Tensor, counter: tf.Scalar) => tf.Tensor1D

/** Makes the evaluation step: like the training step a pure function of its arguments and the model's variables. */
export function evaluationStep(options: Omit<ElboTermsOptions, 'training'>): EvaluationStep {
  const terms = elboTerms({ ...options, training: false })
  const { likelihood } = options
  return (x, y, counter) =>
    tf.tidy(() => {
      const { nll, kl, outputs } = terms(x, y, counter)
      const error = likelihood.predictionError?.(outputs, y)
      return tf.stack(error ? [nll, kl, tf.mean(error)] : [nll, kl]) as tf.Tensor1D
    })
}
