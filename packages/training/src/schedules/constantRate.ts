import { requirePositive } from '../checks/options.ts'
import type { LearningRateSchedule } from './learningRateSchedule.ts'

/**
 * The same learning rate at every step.
 *
 * @param learningRate finite, above 0
 * @returns the schedule, for `learningRate` of `fit`
 * @throws InvalidOptionError
 */
export function constantRate(learningRate: number): LearningRateSchedule {
  requirePositive('learningRate', learningRate)
  return { name: 'constant', settings: { learningRate }, at: () => learningRate }
}
