import { type Probabilities, probabilityRows } from './probabilityRows.ts'

/**
 * Entropy of each row, -sum p log p in nats; 0 log 0 is 0.
 *
 * Of a posterior predictive this is the total uncertainty: the expected entropy of a single draw (aleatoric) plus the mutual information (epistemic).
 *
 * @param probabilities [rows, classes], each row summing to 1
 * @returns [rows], 0 to log(classes)
 * @throws ShapeMismatchError or InvalidProbabilityError
 */
export function predictiveEntropy(probabilities: Probabilities): Float64Array {
  const { values, rows, classes } = probabilityRows(probabilities)
  return Float64Array.from({ length: rows }, (_, row) => {
    let sum = 0
    for (let k = row * classes; k < (row + 1) * classes; k++) {
      const p = values[k]!
      if (p > 0) sum -= p * Math.log(p)
    }
    return Math.max(0, sum)
  })
}
