import { InvalidOptionError } from '../errors.ts'
import type { TrainingPosition } from './trainingPosition.ts'

/** How the learning rate goes over a run. */
export interface LearningRateSchedule {
  readonly name: string
  /** Its parameters, to be written down with a run. */
  readonly settings: Readonly<Record<string, number>>
  /** Learning rate of a step: finite, 0 or more. A pure function of the position. */
  at(position: TrainingPosition): number
}

/** The learning rate of a step, checked: a schedule may be the user's own. */
export function learningRateAt(schedule: LearningRateSchedule, position: TrainingPosition): number {
  const rate = schedule.at(position)
  if (!(rate >= 0) || !Number.isFinite(rate)) {
    throw new InvalidOptionError(
      `The learning rate of the schedule '${schedule.name}' at step ${position.step}`,
      rate,
      'a finite number of at least 0',
    )
  }
  return rate
}
