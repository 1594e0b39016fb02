import { InvalidOptionError } from '../errors.ts'
import { type Numbers, numberList } from './numberList.ts'

/** How often intervals hold their target, and how wide they are. */
export interface IntervalCoverage {
  /** Share of the targets from lower to upper, both included. */
  readonly coverage: number
  /** Mean of upper - lower, in the unit of the targets: of two that cover alike, the narrower are the better. */
  readonly meanWidth: number
}

/**
 * Share of the targets inside their prediction intervals, to be held against the level the intervals were made for.
 *
 * @param lower lower ends
 * @param upper upper ends, none below its lower end
 * @param targets as many numbers
 * @returns a number from 0 to 1
 * @throws ShapeMismatchError, NonFiniteDataError or InvalidOptionError
 */
export function intervalCoverage(lower: Numbers, upper: Numbers, targets: Numbers): IntervalCoverage {
  const low = numberList('lower', lower)
  const high = numberList('upper', upper, low.length)
  const target = numberList('targets', targets, low.length)
  let inside = 0
  let width = 0
  for (let i = 0; i < low.length; i++) {
    if (high[i]! < low[i]!) throw new InvalidOptionError(`upper[${i}]`, high[i], `at least lower[${i}], ${low[i]}`)
    if (target[i]! >= low[i]! && target[i]! <= high[i]!) inside++
    width += high[i]! - low[i]!
  }
  return { coverage: inside / low.length, meanWidth: width / low.length }
}
