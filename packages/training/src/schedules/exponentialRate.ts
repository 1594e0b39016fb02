import { requirePositive } from '../checks/options.ts'
import type { LearningRateSchedule } from './learningRateSchedule.ts'

/**
 * Multiplies the learning rate by a factor from each epoch to the next, smoothly over its steps or at once between epochs.
 *
 * @param options.from rate of the first step, above 0
 * @param options.factor above 0; below 1 it falls
 * @param options.everyEpochs epochs from one factor to the next, above 0; default 1
 * @param options.staircase whether the rate stays the same in between; default false
 * @returns the schedule, for `learningRate` of `fit`
 * @throws InvalidOptionError
 */
export function exponentialRate({
  from,
  factor,
  everyEpochs = 1,
  staircase = false,
}: {
  readonly from: number
  readonly factor: number
  readonly everyEpochs?: number
  readonly staircase?: boolean
}): LearningRateSchedule {
  requirePositive('from', from)
  requirePositive('factor', factor)
  requirePositive('everyEpochs', everyEpochs)
  return {
    name: 'exponential',
    settings: { from, factor, everyEpochs, staircase: Number(staircase) },
    at: ({ step, batches }) => {
      const periods = step / (everyEpochs * batches)
      return from * factor ** (staircase ? Math.floor(periods) : periods)
    },
  }
}
