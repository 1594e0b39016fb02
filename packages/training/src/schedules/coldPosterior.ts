import { requirePositive } from '../checks/options.ts'
import type { BetaSchedule } from './betaSchedule.ts'

/**
 * Trains to a tempered posterior, named as what it is: the KL counts `temperature` times, so below 1 the data count for more than Bayes' rule gives them.
 *
 * What it ends in is not the posterior of the model as written, and its loss is no bound on the evidence; the `elbo` reported stays the true one.
 * Wenzel et al. (2020), "How Good is the Bayes Posterior in Deep Neural Networks Really?".
 *
 * @param options.temperature above 0; below 1 is cold
 * @returns the schedule, for `beta` of `fit`
 * @throws InvalidOptionError
 */
export function coldPosterior({ temperature }: { readonly temperature: number }): BetaSchedule {
  requirePositive('temperature', temperature)
  return { name: 'coldPosterior', settings: { temperature }, at: () => temperature }
}
