import { type Labels, labelRows, type Probabilities, probabilityRows } from './probabilityRows.ts'

/**
 * Brier score: squared distance between the probabilities and the label's one-hot vector, summed over the classes and averaged over the rows.
 *
 * From 0 to 2, for two classes too (half of it is what some libraries give for two). Brier (1950), "Verification of Forecasts Expressed in Terms of
 * Probability", equation 2.
 *
 * @param probabilities [rows, classes], each row summing to 1
 * @param labels [rows], class indices
 * @returns a number from 0 to 2
 * @throws ShapeMismatchError, InvalidProbabilityError or InvalidTargetError
 */
export function brierScore(probabilities: Probabilities, labels: Labels): number {
  const { values, rows, classes } = probabilityRows(probabilities)
  const label = labelRows(labels, rows, classes)
  let sum = 0
  for (let i = 0; i < rows * classes; i++) {
    const target = i % classes === label[Math.floor(i / classes)] ? 1 : 0
    sum += (values[i]! - target) ** 2
  }
  return sum / rows
}
