import { InvalidOptionError } from '../errors.ts'

/**
 * What the model's outputs mean. `categorical`: logits, or probabilities where the last activation is softmax. `gaussian`: the mean of a
 * normal distribution with the given standard deviation.
 */
export type Likelihood = { readonly name: 'categorical' } | { readonly name: 'gaussian'; readonly sigma: number }

/** @throws InvalidOptionError where the likelihood is unknown or its sigma is no finite number > 0 */
export function checkLikelihood(likelihood: Likelihood): void {
  if (likelihood.name === 'categorical') return
  if (likelihood.name !== 'gaussian') {
    const { name } = likelihood as { readonly name: unknown }
    throw new InvalidOptionError(
      `The likelihood is ${JSON.stringify(name)}. Expected { name: 'categorical' } or { name: 'gaussian', sigma }.`,
    )
  }
  if (!(Number.isFinite(likelihood.sigma) && likelihood.sigma > 0)) {
    throw new InvalidOptionError(
      `The likelihood's sigma is ${likelihood.sigma}. Expected the standard deviation of the observation noise, a finite number > 0.`,
    )
  }
}
