import { requireNonNegative, requirePositive } from '../checks/options.ts'
import type { BetaSchedule } from './betaSchedule.ts'

/**
 * Raises beta in a straight line, step by step, and keeps it there: the likelihood shapes the means before the prior can switch units off.
 *
 * Sonderby et al. (2016), "Ladder Variational Autoencoders", section 2.3.
 *
 * @param options.epochs how long it takes, above 0, not only whole epochs
 * @param options.from beta of the first step; default 0
 * @param options.to beta from the end of the warm-up on; default 1
 * @returns the schedule, for `beta` of `fit`
 * @throws InvalidOptionError
 */
export function warmUpBeta({
  epochs,
  from = 0,
  to = 1,
}: {
  readonly epochs: number
  readonly from?: number
  readonly to?: number
}): BetaSchedule {
  requirePositive('epochs', epochs)
  requireNonNegative('from', from)
  requireNonNegative('to', to)
  return {
    name: 'warmUp',
    settings: { epochs, from, to },
    at: ({ step, batches }) => from + (to - from) * Math.min(1, step / (epochs * batches)),
  }
}
