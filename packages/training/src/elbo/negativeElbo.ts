import * as tf from '@tensorflow/tfjs'
import { requireNonNegative, requirePositive } from '../checks/options.ts'

export interface NegativeElboTerms {
  /** Mean negative log-likelihood over the rows of the batch, in nats: a scalar. */
  readonly nll: tf.Scalar
  /** KL(q || p), summed over all weights of the model, in nats: a scalar. */
  readonly kl: tf.Scalar
  /** Number of training examples N, whatever the size of the batch. */
  readonly datasetSize: number
  /** Weight of the KL; anything but 1 is a cold or warm posterior. Default 1; a scalar tensor where it must stay an input of a compiled step. */
  readonly beta?: number | tf.Scalar
}

/**
 * The loss of variational inference in nats per example: `nll + (beta / N) * kl`.
 *
 * The one place where the KL is scaled. Because the KL is divided by N and not by the number of batches, a short last batch counts as it
 * should: the mean of the losses over an epoch, weighted by the sizes of the batches, is exactly `(total NLL + beta * KL) / N`.
 * Blundell et al. (2015), "Weight Uncertainty in Neural Networks", equation 8, divided by the number of examples.
 *
 * @param options.nll mean over the batch of the negative log-likelihood, a scalar in nats
 * @param options.kl KL(q || p), summed over the weights, a scalar in nats
 * @param options.datasetSize N, training examples, above 0
 * @param options.beta weight of the KL, 0 or more, a number or a scalar; default 1
 * @returns scalar, nats per example; the caller owns it
 * @throws InvalidOptionError where `datasetSize` is not above 0 or a numeric `beta` is negative or not finite
 */
export function negativeElbo({ nll, kl, datasetSize, beta = 1 }: NegativeElboTerms): tf.Scalar {
  requirePositive('datasetSize', datasetSize)
  if (typeof beta === 'number') requireNonNegative('beta', beta)
  return tf.tidy(() => tf.add(nll, tf.mul(tf.div(kl, datasetSize), beta)))
}
