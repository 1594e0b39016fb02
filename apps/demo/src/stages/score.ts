import { errorRate, expectedCalibrationError, nllOfLogProbabilities, type Predictive } from '@tfjs-bayes/training'
import type { Score } from '../run/evaluationFile.ts'

/**
 * What a predictive distribution is worth against the labels.
 *
 * @param labels [rows]
 * @param averaged whether it averages draws of the weights, so that it has a mutual information
 */
export function score(predictive: Predictive, labels: ArrayLike<number>, averaged: boolean): Score {
  const { probabilities, logProbabilities, entropy, mutualInformation } = predictive
  const { ece, bins } = expectedCalibrationError(probabilities, labels)
  const rows = labels.length
  return {
    error: errorRate(probabilities, labels),
    nll: nllOfLogProbabilities(logProbabilities, labels),
    ece,
    overconfidence: bins.reduce((sum, bin) => sum + (bin.count * ((bin.confidence ?? 0) - (bin.accuracy ?? 0))) / rows, 0),
    bins,
    entropy: mean(entropy.dataSync()),
    mutualInformation: averaged ? mean(mutualInformation.dataSync()) : null,
  }
}

/** Arithmetic mean. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]!
  return sum / values.length
}

/** Median; of an even number of values the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2
}
