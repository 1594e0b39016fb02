import type { BetaSchedule, LearningRateSchedule } from '@tfjs-bayes/training'

/** Two phases of training, as JSON: first the KL counts less, so that the data shape the network before the prior can switch units off; then it counts in full. */
export interface WarmUpChoice {
  /** Epochs of the first phase; 0: there is none. */
  readonly heldEpochs: number
  /** Weight of the KL in the first phase, above 0 and at most 1. */
  readonly heldBeta: number
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
 */
export function twoPhaseRate(peak: number, { heldEpochs }: WarmUpChoice): LearningRateSchedule {
  const cosine = (to: number, share: number): number => to + ((peak - to) * (1 + Math.cos(Math.PI * share))) / 2
  return {
    name: 'twoPhase',
    settings: { peak, heldEpochs },
    at: ({ step, batches, epochs }) => {
      const now = step / batches
      return heldEpochs === 0 ? cosine(LAST * peak, now / epochs) : cosine(LOW * peak, Math.min(1, now / heldEpochs))
    },
  }
}
