import type { BetaSchedule } from './betaSchedule.ts'

/**
 * Gives the first batches of each epoch nearly all of the KL: batch i of M gets the share 2^(M - i) / (2^M - 1), i from 1.
 *
 * As a beta of `nll + beta * kl / N` that share is multiplied by rows of the epoch / rows of the batch, so that the shares of an epoch still add up to
 * one KL, with a short last batch too. Blundell et al. (2015), "Weight Uncertainty in Neural Networks", section 3.4.
 *
 * @returns the schedule, for `beta` of `fit`
 */
export function blundellBeta(): BetaSchedule {
  return {
    name: 'blundell',
    settings: {},
    // 2^(M - i) overflows from M = 1024 on; 2^-i / (1 - 2^-M) is the same and does not.
    at: ({ batch, batches, batchRows, rows }) => (2 ** -(batch + 1) / (1 - 2 ** -batches)) * (rows / batchRows),
  }
}
