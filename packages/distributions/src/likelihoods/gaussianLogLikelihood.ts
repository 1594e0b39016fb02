import type * as tf from '@tensorflow/tfjs'
import { Normal } from '../families/normal.ts'
import type { Parameter } from '../parameter.ts'

/**
 * The log-likelihood of targets under N(mu, sigma^2), elementwise, in nats, with its constant -log(2 pi) / 2.
 *
 * @param y targets, any shape
 * @param parameters.mu predicted mean; broadcasts with y
 * @param parameters.sigma standard deviation of the noise, > 0; broadcasts with y
 * @returns shape: the broadcast of all three
 * @throws InvalidParameterError, ShapeMismatchError as {@link Normal} does
 */
export function gaussianLogLikelihood(
  y: tf.Tensor,
  parameters: { readonly mu: Parameter; readonly sigma: Parameter },
): tf.Tensor {
  return new Normal(parameters).logProb(y)
}
