import { requireNonNegative, requirePositive } from '../checks/options.ts'
import type { LearningRateSchedule } from './learningRateSchedule.ts'

/**
 * Half a cosine from the first step to the last, after a linear rise from 0 where asked for.
 *
 * Loshchilov & Hutter (2017), "SGDR: Stochastic Gradient Descent with Warm Restarts", equation 5, without restarts.
 *
 * @param options.from highest rate, above 0
 * @param options.to rate that the last step comes near to, 0 or more; default 0
 * @param options.warmUpEpochs how long the rise takes, 0 or more; default 0
 * @returns the schedule, for `learningRate` of `fit`
 * @throws InvalidOptionError
 */
export function cosineRate({
  from,
  to = 0,
  warmUpEpochs = 0,
}: {
  readonly from: number
  readonly to?: number
  readonly warmUpEpochs?: number
}): LearningRateSchedule {
  requirePositive('from', from)
  requireNonNegative('to', to)
  requireNonNegative('warmUpEpochs', warmUpEpochs)
  return {
    name: 'cosine',
    settings: { from, to, warmUpEpochs },
    at: ({ step, batches, epochs }) => {
      const rise = warmUpEpochs * batches
      if (step < rise) return (from * (step + 1)) / (rise + 1)
      const share = (step - rise) / Math.max(1, epochs * batches - rise)
      return to + ((from - to) * (1 + Math.cos(Math.PI * share))) / 2
    },
  }
}
