import { type Numbers, numberList } from './numberList.ts'

export interface RiskCoverage {
  /** Share of the rows that are answered, the most certain first: 1 / n, 2 / n, ..., 1. */
  readonly coverage: Float64Array
  /** Mean loss of the rows answered. */
  readonly risk: Float64Array
  /** Area under the curve: the mean of `risk`; lower is better. */
  readonly area: number
}

/**
 * What is lost when only the most certain rows are answered, for every share of them.
 *
 * Rows that are equally uncertain have no order: each counts with the mean loss of them all, so the curve does not depend on how they were listed.
 * Geifman & El-Yaniv (2017), "Selective Classification for Deep Neural Networks", section 2.
 *
 * @param uncertainties one a row, such as the entropy; lower is answered first
 * @param losses one a row, 0 or more: 1 for a wrong and 0 for a right class, or a squared error
 * @returns the curve and the area under it, in the unit of the losses
 * @throws ShapeMismatchError or NonFiniteDataError
 */
export function riskCoverage(uncertainties: Numbers, losses: Numbers): RiskCoverage {
  const uncertainty = numberList('uncertainties', uncertainties)
  const rows = uncertainty.length
  const loss = numberList('losses', losses, rows)
  const order = Array.from({ length: rows }, (_, i) => i).sort((a, b) => uncertainty[a]! - uncertainty[b]!)
  const risk = new Float64Array(rows)
  let sum = 0
  for (let start = 0, end = 0; start < rows; start = end) {
    let tied = 0
    for (end = start; end < rows && uncertainty[order[end]!] === uncertainty[order[start]!]; end++) tied += loss[order[end]!]!
    for (let place = start; place < end; place++) risk[place] = (sum + (tied * (place + 1 - start)) / (end - start)) / (place + 1)
    sum += tied
  }
  return {
    coverage: risk.map((_, place) => (place + 1) / rows),
    risk,
    area: risk.reduce((total, value) => total + value / rows, 0),
  }
}
