import { requireNonNegative, requirePositiveInteger } from '../checks/options.ts'
import { InvalidOptionError } from '../errors.ts'
import type { BetaSchedule } from './betaSchedule.ts'

/**
 * Repeats a warm-up: cuts the run into cycles, and in each raises beta from 0 in a straight line and then keeps it.
 *
 * Fu et al. (2019), "Cyclical Annealing Schedule: A Simple Approach to Mitigating KL Vanishing", equations 6 and 7.
 *
 * @param options.cycles how many, at least 1; default 4
 * @param options.ramp share of a cycle that the rise takes, above 0 and up to 1; default 0.5
 * @param options.to beta at the end of each rise; default 1
 * @returns the schedule, for `beta` of `fit`
 * @throws InvalidOptionError
 */
export function cyclicalBeta({
  cycles = 4,
  ramp = 0.5,
  to = 1,
}: {
  readonly cycles?: number
  readonly ramp?: number
  readonly to?: number
} = {}): BetaSchedule {
  requirePositiveInteger('cycles', cycles)
  requireNonNegative('to', to)
  if (!(ramp > 0 && ramp <= 1)) throw new InvalidOptionError('ramp', ramp, 'a share of the cycle, above 0 and up to 1')
  return {
    name: 'cyclical',
    settings: { cycles, ramp, to },
    at: ({ step, batches, epochs }) => {
      const length = (batches * epochs) / cycles
      return to * Math.min(1, (step % Math.ceil(length)) / length / ramp)
    },
  }
}
