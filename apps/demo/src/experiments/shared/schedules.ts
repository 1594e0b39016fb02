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

/** Share of the peak to which the first phase falls, and from which the second one rises. */
const LOW = 0.05
/** Share of the peak at the end. */
const LAST = 0.01
/** Part of the second phase in which the rate rises. */
const RISE = 0.25

/**
 * The learning rate of the warm-up: half a cosine from the peak to a twentieth in the first phase, so that the weights settle; up again in the first
 * quarter of the second, and down to a hundredth. Without a first phase: half a cosine.
 */
export function twoPhaseRate(peak: number, { heldEpochs }: WarmUpChoice): LearningRateSchedule {
  const cosine = (from: number, to: number, share: number): number => to + ((from - to) * (1 + Math.cos(Math.PI * share))) / 2
  return {
    name: 'twoPhase',
    settings: { peak, heldEpochs },
    at: ({ step, batches, epochs }) => {
      const now = step / batches
      if (heldEpochs === 0) return cosine(peak, LAST * peak, now / epochs)
      if (now < heldEpochs) return cosine(peak, LOW * peak, now / heldEpochs)
      const share = (now - heldEpochs) / Math.max(1, epochs - heldEpochs)
      if (share < RISE) return cosine(LOW * peak, peak, share / RISE)
      return cosine(peak, LAST * peak, (share - RISE) / (1 - RISE))
    },
  }
}
