import { requireNonNegative } from '../checks/options.ts'
import type { BetaSchedule } from './betaSchedule.ts'

/**
 * The same beta at every step. With 1 the loss is the negative ELBO.
 *
 * @param beta finite, 0 or more
 * @returns the schedule, for `beta` of `fit`
 * @throws InvalidOptionError
 */
export function constantBeta(beta: number): BetaSchedule {
  requireNonNegative('beta', beta)
  return { name: 'constant', settings: { beta }, at: () => beta }
}
