import { requirePositiveInteger } from '../checks/options.ts'
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

/**
 * Expected calibration error of the most probable class: the gap between confidence and accuracy in bins of equal width, weighted by their rows.
 *
 * Guo et al. (2017), "On Calibration of Modern Neural Networks", equation 3. It depends on the number of bins: say which one with the number.
 *
 * @param probabilities [rows, classes], each row summing to 1
 * @param labels [rows], class indices
 * @param options.bins number of bins over (0, 1]; default 15
 * @throws InvalidOptionError, ShapeMismatchError, InvalidProbabilityError or InvalidTargetError
 */
export function expectedCalibrationError(
  probabilities: Probabilities,
  labels: Labels,
  { bins = 15 }: { readonly bins?: number } = {},
): Calibration {
  requirePositiveInteger('bins', bins)
  const matrix = probabilityRows(probabilities)
  const label = labelRows(labels, matrix.rows, matrix.classes)
  const count = new Array<number>(bins).fill(0)
  const confidence = new Array<number>(bins).fill(0)
  const right = new Array<number>(bins).fill(0)
  for (let row = 0; row < matrix.rows; row++) {
    const predicted = largestClass(matrix, row)
    const p = matrix.values[row * matrix.classes + predicted]!
    const bin = Math.min(bins, Math.max(1, Math.ceil(p * bins))) - 1
    count[bin]!++
    confidence[bin]! += p
    if (predicted === label[row]) right[bin]!++
  }
  const filled = count.map((n, bin): ReliabilityBin => {
    const edges = { lower: bin / bins, upper: (bin + 1) / bins, count: n }
    return n === 0
      ? { ...edges, confidence: null, accuracy: null }
      : { ...edges, confidence: confidence[bin]! / n, accuracy: right[bin]! / n }
  })
  const ece = count.reduce((sum, _, bin) => sum + Math.abs(right[bin]! - confidence[bin]!) / matrix.rows, 0)
  return { ece, bins: filled }
}
