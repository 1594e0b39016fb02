import { InvalidOptionError } from '../errors.ts'
import type { TrainingPosition } from './trainingPosition.ts'

/** How the weight of the KL in the loss, `nll + beta * kl / N`, goes over a run. */
export interface BetaSchedule {
  readonly name: string
  /** Its parameters, to be written down with a run. */
  readonly settings: Readonly<Record<string, number>>
  /** beta of a step: finite, 0 or more. A pure function of the position. */
  at(position: TrainingPosition): number
}

/** The beta of a step, checked: a schedule may be the user's own. */
export function betaAt(schedule: BetaSchedule, position: TrainingPosition): number {
  const beta = schedule.at(position)
  if (!(beta >= 0) || !Number.isFinite(beta)) {
    throw new InvalidOptionError(
      `beta of the schedule '${schedule.name}' at step ${position.step}`,
      beta,
      'a finite number of at least 0',
    )
  }
  return beta
}
