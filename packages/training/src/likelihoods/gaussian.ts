import { Normal } from '@tfjs-bayes/distributions'
import { requirePositive } from '../checks/options.ts'
import { elementwiseLikelihood } from './elementwiseLikelihood.ts'
import type { Likelihood } from './likelihood.ts'

/**
 * Numbers with Gaussian noise of known standard deviation: log N(y; outputs, sigma^2), summed over the outputs of a row, in nats and with 0.5 log(2 pi).
 *
 * Outputs of the model: means [rows, ...]. Targets: the same shape; [rows] for a model with one output is taken as [rows, 1].
 * The prediction error is the squared error of the mean over the draws, averaged over the outputs of a row.
 *
 * @param options.sigma standard deviation of the noise, in the unit of y, above 0
 * @returns the likelihood, in nats a row
 * @throws InvalidOptionError where sigma is not a finite number above 0
 */
export function gaussian({ sigma }: { readonly sigma: number }): Likelihood {
  requirePositive('sigma', sigma)
  return elementwiseLikelihood({ name: 'gaussian', settings: { sigma }, distribution: (mu) => new Normal({ mu, sigma }) })
}
