import type { BetaSchedule, LearningRateSchedule } from '@tfjs-bayes/training'

/** Two phases of training, as JSON: first the KL counts less, so that the data shape the network before the prior can switch units off; then it counts in full. */
export interface WarmUpChoice {
  /** Epochs of the first phase; 0: there is none. */
  readonly heldEpochs: number
  /** Weight of the KL in the first phase, above 0 and at most 1. */
  readonly heldBeta: number
  /** The phase in which the learning rate falls; default the first. Weight sampling needs the second: see `twoPhaseRate`. */
  readonly decay?: 'held' | 'whole'
}

/** beta of the warm-up: constant, then 1. */
export function heldBeta({ heldEpochs, heldBeta: beta }: WarmUpChoice): BetaSchedule {
  return { name: 'held', settings: { heldEpochs, heldBeta: beta }, at: ({ epoch }) => (epoch < heldEpochs ? beta : 1) }
}

/** Share of the peak to which the first phase falls, and at which the second one stays. */
const LOW = 0.05
/** Share of the peak at the end, where there is one phase only. */
const LAST = 0.01

/**
 * The learning rate of the warm-up: half a cosine from the peak to a twentieth in the first phase, so that the weights settle, and a twentieth from then on,
 * since the whole KL, met at full rate, tears down within an epoch what the first phase built. Without a first phase: half a cosine down to a hundredth.
 *
 * With `decay: 'whole'` the rate stays at its peak in the first phase, and falls to a hundredth in the second: the gradient of rho that weight sampling has is
 * mostly noise, so that Adam moves a sigma by a small part of the rate, and a small rate would leave the sigmas where they are.
 */
export function twoPhaseRate(peak: number, { heldEpochs, decay = 'held' }: WarmUpChoice): LearningRateSchedule {
  const cosine = (to: number, share: number): number => to + ((peak - to) * (1 + Math.cos(Math.PI * share))) / 2
  const inFirstPhase = heldEpochs > 0 && decay === 'held'
  return {
    name: 'twoPhase',
    settings: { peak, heldEpochs, decaysFrom: inFirstPhase ? 0 : heldEpochs },
    at: ({ step, batches, epochs }) => {
      const now = step / batches
      if (inFirstPhase) return cosine(LOW * peak, Math.min(1, now / heldEpochs))
      return cosine(LAST * peak, Math.max(0, now - heldEpochs) / (epochs - heldEpochs))
    },
  }
}
