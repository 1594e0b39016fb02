import { requirePositiveInteger } from '../checks/options.ts'
import { InvalidOptionError } from '../errors.ts'
import { type Labels, labelRows, largestClass, type Probabilities, probabilityRows } from './probabilityRows.ts'

/** One bin of a reliability diagram: the rows with lower < confidence <= upper (the first bin takes 0 too). */
export interface ReliabilityBin {
  readonly lower: number
  readonly upper: number
  readonly count: number
  /** Mean confidence of the rows; null where there are none. */
  readonly confidence: number | null
  /** Share of the rows that were right; null where there are none. */
  readonly accuracy: number | null
}

export interface Calibration {
  /** Expected calibration error, 0 to 1. */
  readonly ece: number
  readonly bins: readonly ReliabilityBin[]
}

export interface CalibrationOptions {
  /** Number of bins; default 15. */
  readonly bins?: number
  /**
   * 'equalWidth' (default): bins of the same width over (0, 1]. 'equalMass': edges at the quantiles of the confidences, so that each bin holds about as
   * many rows; rows of the same confidence stay together.
   */
  readonly binning?: 'equalWidth' | 'equalMass'
}

/**
 * Expected calibration error of the most probable class: the gap between confidence and accuracy in bins, weighted by their rows.
 *
 * Guo et al. (2017), "On Calibration of Modern Neural Networks", equation 3. It depends on the bins: say which with the number.
 *
 * @param probabilities [rows, classes], each row summing to 1
 * @param labels [rows], class indices
 * @returns the error, from 0 to 1, and the bins of the reliability diagram
 * @throws InvalidOptionError, ShapeMismatchError, InvalidProbabilityError or InvalidTargetError
 */
export function expectedCalibrationError(
  probabilities: Probabilities,
  labels: Labels,
  { bins = 15, binning = 'equalWidth' }: CalibrationOptions = {},
): Calibration {
  requirePositiveInteger('bins', bins)
  if (binning !== 'equalWidth' && binning !== 'equalMass')
    throw new InvalidOptionError('binning', binning, "'equalWidth' or 'equalMass'")
  const matrix = probabilityRows(probabilities)
  const label = labelRows(labels, matrix.rows, matrix.classes)
  const predicted = Array.from({ length: matrix.rows }, (_, row) => largestClass(matrix, row))
  const confidences = predicted.map((best, row) => matrix.values[row * matrix.classes + best]!)
  const edges = binning === 'equalWidth' ? Array.from({ length: bins + 1 }, (_, i) => i / bins) : quantileEdges(confidences, bins)
  const count = new Array<number>(bins).fill(0)
  const confidence = new Array<number>(bins).fill(0)
  const right = new Array<number>(bins).fill(0)
  confidences.forEach((p, row) => {
    const bin = binOf(p, edges)
    count[bin]!++
    confidence[bin]! += p
    if (predicted[row] === label[row]) right[bin]!++
  })
  const filled = count.map((n, bin): ReliabilityBin => {
    const range = { lower: edges[bin]!, upper: edges[bin + 1]!, count: n }
    return n === 0
      ? { ...range, confidence: null, accuracy: null }
      : { ...range, confidence: confidence[bin]! / n, accuracy: right[bin]! / n }
  })
  const ece = count.reduce((sum, _, bin) => sum + Math.abs(right[bin]! - confidence[bin]!) / matrix.rows, 0)
  return { ece, bins: filled }
}

/** The first bin whose upper edge is not below the confidence. */
function binOf(confidence: number, edges: readonly number[]): number {
  let low = 0
  let high = edges.length - 2
  while (low < high) {
    const middle = (low + high) >> 1
    if (confidence <= edges[middle + 1]!) high = middle
    else low = middle + 1
  }
  return low
}

/** The quantiles 0, 1 / bins, ..., 1, linear between order statistics. */
function quantileEdges(confidences: readonly number[], bins: number): number[] {
  const sorted = Float64Array.from(confidences).sort()
  return Array.from({ length: bins + 1 }, (_, i) => {
    const place = (i / bins) * (sorted.length - 1)
    const below = Math.floor(place)
    const low = sorted[below]!
    return low + (place - below) * ((sorted[below + 1] ?? low) - low)
  })
}
