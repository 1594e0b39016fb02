import * as tf from '@tensorflow/tfjs'
import { inverseSoftplus, Normal, softplus } from '@tfjs-bayes/distributions'
import { requirePositive } from '../checks/options.ts'
import { elementwiseLikelihood } from './elementwiseLikelihood.ts'
import type { Likelihood } from './likelihood.ts'

/** A likelihood that owns a variable. */
export interface LearnedGaussian extends Likelihood {
  /** The standard deviation as it is now: a scalar that the caller owns. */
  sigma(): tf.Scalar
  dispose(): void
}

/**
 * Numbers with Gaussian noise of one unknown standard deviation, sigma = softplus(rho), which is learned as a point, not as a distribution: the ELBO is then
 * a bound on the evidence at that sigma.
 *
 * Outputs of the model and targets as in `gaussian`.
 *
 * @param options.initialSigma where it starts, in the unit of y, above 0; default 1
 * @returns the likelihood, in nats a row, whose `variables` are trained with the model and stay the likelihood's
 * @throws InvalidOptionError
 */
export function learnedGaussian({ initialSigma = 1 }: { readonly initialSigma?: number } = {}): LearnedGaussian {
  requirePositive('initialSigma', initialSigma)
  const rho = tf.tidy(() => tf.variable(tf.scalar(inverseSoftplus(initialSigma))))
  const likelihood = elementwiseLikelihood({
    name: 'learnedGaussian',
    settings: { initialSigma },
    variables: [rho],
    distribution: (mu) => new Normal({ mu, sigma: softplus(rho) }),
  })
  return { ...likelihood, sigma: () => softplus(rho) as tf.Scalar, dispose: () => rho.dispose() }
}
