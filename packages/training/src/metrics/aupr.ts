import type { Numbers } from './numberList.ts'
import { rankedGroups } from './ranking.ts'

/**
 * Area under the precision-recall curve as average precision: the precision at each threshold, weighted by the recall gained there, without interpolation.
 *
 * @param scores one a row; higher means more likely positive
 * @param positive one a row: 1 (or true) for positives; both kinds must occur
 * @returns 0 to 1; chance is the share of positives
 * @throws ShapeMismatchError, NonFiniteDataError, InvalidTargetError or UndefinedMetricError
 */
export function aupr(scores: Numbers, positive: Numbers | readonly boolean[]): number {
  let taken = 0
  let found = 0
  let sum = 0
  for (const group of rankedGroups(scores, positive)) {
    taken += group.positives + group.negatives
    found += group.positives
    sum += group.positives * (found / taken)
  }
  return sum / found
}
