import type * as tf from '@tensorflow/tfjs'
import { InvalidProbabilityError, InvalidTargetError, ShapeMismatchError } from '../errors.ts'

/**
 * One row of class probabilities an example: a tensor [rows, classes], or its numbers in row-major order with their shape; where each place of a sequence or an
 * image has its own, [rows, ..., classes].
 */
export type Probabilities = tf.Tensor | { readonly data: ArrayLike<number>; readonly shape: readonly number[] }

/** One class index for each of them: a tensor [rows, ...], or an array. */
export type Labels = tf.Tensor | ArrayLike<number>

/** Checked probabilities in memory, row-major. */
export interface ProbabilityRows {
  readonly values: ArrayLike<number>
  readonly rows: number
  readonly classes: number
}

/** How far from 1 the sum of a row may be: float32 softmax of thousands of classes stays well inside. */
const SUM_TOLERANCE = 1e-3

/** Reads rows of numbers, at least one row and one column; all axes but the last are rows. */
export function matrixRows(what: string, matrix: Probabilities): ProbabilityRows {
  const { shape } = matrix
  const values = 'dataSync' in matrix ? matrix.dataSync() : matrix.data
  const classes = shape.at(-1)
  const rows = shape.slice(0, -1).reduce((product, size) => product * size, 1)
  if (shape.length < 2 || !rows || !classes) throw new ShapeMismatchError(what, shape, '[rows, ..., classes], none of them 0')
  if (values.length !== rows * classes) {
    throw new ShapeMismatchError(
      `The data of ${what}`,
      [values.length],
      `${rows * classes} numbers for the shape [${rows}, ${classes}]`,
    )
  }
  return { values, rows, classes }
}

/** Reads probabilities and refuses rows that are none. */
export function probabilityRows(probabilities: Probabilities): ProbabilityRows {
  const matrix = matrixRows('probabilities', probabilities)
  const { values, rows, classes } = matrix
  for (let row = 0; row < rows; row++) {
    let sum = 0
    for (let k = row * classes; k < (row + 1) * classes; k++) {
      const p = values[k]!
      // The upper bound leaves room for the rounding of a mean of float32 softmaxes.
      if (!(p >= 0 && p <= 1 + SUM_TOLERANCE)) throw new InvalidProbabilityError(row, `holds ${p}`)
      sum += p
    }
    if (Math.abs(sum - 1) > SUM_TOLERANCE) throw new InvalidProbabilityError(row, `sums to ${sum}`)
  }
  return matrix
}

/** Reads class indices and refuses those that are not integers from 0 to `classes - 1`, or not one a row. */
export function labelRows(labels: Labels, rows: number, classes: number): ArrayLike<number> {
  const values = 'dataSync' in labels ? labels.dataSync() : labels
  if (values.length !== rows)
    throw new ShapeMismatchError('labels', 'shape' in labels ? labels.shape : [values.length], `[${rows}], one a row`)
  for (let row = 0; row < rows; row++) {
    const label = values[row]!
    if (!Number.isInteger(label) || label < 0 || label >= classes) {
      throw new InvalidTargetError('labels', label, row, `a class index: an integer from 0 to ${classes - 1}`)
    }
  }
  return values
}

/** The class with the largest probability; the first of several that tie, as `tf.argMax` has it. */
export function largestClass({ values, classes }: ProbabilityRows, row: number): number {
  let best = 0
  for (let k = 1; k < classes; k++) if (values[row * classes + k]! > values[row * classes + best]!) best = k
  return best
}
