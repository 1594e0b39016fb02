import { type Labels, labelRows, matrixRows, type Probabilities, probabilityRows } from './probabilityRows.ts'

/**
 * Negative log-likelihood of the labels, -log p(label) in nats, averaged over the rows (also called log loss).
 *
 * A probability that underflowed to 0 at a label makes it Infinity, which is what that prediction deserves but not always what the model
 * said: take `nllOfLogProbabilities` where the logarithms are at hand, as `predictive` gives them.
 *
 * @param probabilities [rows, classes], each row summing to 1
 * @param labels [rows], class indices
 * @returns nats per row, 0 or more
 * @throws ShapeMismatchError, InvalidProbabilityError or InvalidTargetError
 */
export function nll(probabilities: Probabilities, labels: Labels): number {
  const { values, rows, classes } = probabilityRows(probabilities)
  return meanAtLabels((i) => -Math.log(values[i]!), labels, rows, classes)
}

/**
 * Negative log-likelihood of the labels from log-probabilities, in nats, averaged over the rows; finite where the probability itself underflows.
 *
 * @param logProbabilities [rows, classes], natural logarithms
 * @param labels [rows], class indices
 * @returns nats per row, 0 or more
 * @throws ShapeMismatchError, InvalidProbabilityError or InvalidTargetError
 */
export function nllOfLogProbabilities(logProbabilities: Probabilities, labels: Labels): number {
  const { values, rows, classes } = matrixRows('logProbabilities', logProbabilities)
  probabilityRows({ data: Float64Array.from(values, Math.exp), shape: [rows, classes] })
  return meanAtLabels((i) => -values[i]!, labels, rows, classes)
}

function meanAtLabels(loss: (index: number) => number, labels: Labels, rows: number, classes: number): number {
  const label = labelRows(labels, rows, classes)
  let sum = 0
  for (let row = 0; row < rows; row++) sum += loss(row * classes + label[row]!)
  return sum / rows
}
