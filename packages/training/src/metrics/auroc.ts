import type { Numbers } from './numberList.ts'
import { rankedGroups } from './ranking.ts'

/**
 * Area under the receiver operating characteristic: how often a positive has a higher score than a negative, ties counting half.
 *
 * For out-of-distribution detection the scores are uncertainties (entropy, mutual information) and the positives the foreign rows; for
 * misclassification detection the positives are the wrong predictions.
 *
 * @param scores one a row; higher means more likely positive
 * @param positive one a row: 1 (or true) for positives; both kinds must occur
 * @returns 0 to 1; 0.5 is chance
 * @throws ShapeMismatchError, NonFiniteDataError, InvalidTargetError or UndefinedMetricError
 */
export function auroc(scores: Numbers, positive: Numbers | readonly boolean[]): number {
  let above = 0
  let wins = 0
  let negatives = 0
  for (const group of rankedGroups(scores, positive)) {
    wins += group.negatives * (above + group.positives / 2)
    above += group.positives
    negatives += group.negatives
  }
  return wins / (above * negatives)
}
