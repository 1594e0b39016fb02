import { InvalidOptionError } from '../errors.ts'

/**
 * What the model's outputs mean. `categorical`: logits, or probabilities where the last activation is softmax. `gaussian`: the mean of a
 * normal distribution with the given standard deviation. `heteroscedasticGaussian`: along the last axis first the means of d normal distributions, then d
 * numbers whose softplus is the standard deviation.
 */
export type Likelihood =
  | { readonly name: 'categorical' }
  | { readonly name: 'gaussian'; readonly sigma: number }
  | { readonly name: 'heteroscedasticGaussian' }

/** The names of the likelihoods. */
export const LIKELIHOODS: readonly Likelihood['name'][] = ['categorical', 'gaussian', 'heteroscedasticGaussian']

/** @throws InvalidOptionError where the likelihood is unknown or its sigma is no finite number > 0 */
export function checkLikelihood(likelihood: Likelihood): void {
  if (!LIKELIHOODS.includes(likelihood.name)) {
    throw new InvalidOptionError(
      `The likelihood is ${JSON.stringify(likelihood.name)}. Expected { name: 'categorical' }, { name: 'gaussian', sigma } or { name: 'heteroscedasticGaussian' }.`,
    )
  }
  if (likelihood.name === 'gaussian' && !(Number.isFinite(likelihood.sigma) && likelihood.sigma > 0)) {
    throw new InvalidOptionError(
      `The likelihood's sigma is ${likelihood.sigma}. Expected the standard deviation of the observation noise, a finite number > 0.`,
    )
  }
}
