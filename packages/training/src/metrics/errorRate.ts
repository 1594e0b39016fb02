import { type Labels, labelRows, largestClass, type Probabilities, probabilityRows } from './probabilityRows.ts'

/**
 * Share of the rows whose most probable class is not the label; of several classes that tie, the first counts as predicted.
 *
 * @param probabilities [rows, classes], each row summing to 1
 * @param labels [rows], class indices
 * @returns 0 to 1
 * @throws ShapeMismatchError, InvalidProbabilityError or InvalidTargetError
 */
export function errorRate(probabilities: Probabilities, labels: Labels): number {
  const matrix = probabilityRows(probabilities)
  const label = labelRows(labels, matrix.rows, matrix.classes)
  let wrong = 0
  for (let row = 0; row < matrix.rows; row++) if (largestClass(matrix, row) !== label[row]) wrong++
  return wrong / matrix.rows
}
