/** A Cholesky factor in row-major order, with the row at which the factorization broke down, if it did: from there on the factor is NaN. */
export interface CholeskyResult {
  readonly factor: Float64Array
  /** Row, and what should have been the positive square of its diagonal element. */
  readonly failure?: { readonly row: number; readonly pivot: number }
}

/**
 * The lower triangular L with L L^T = A, in float64, from A's lower triangle.
 *
 * @param a n x n, row-major
 */
export function choleskyOf(a: ArrayLike<number>, n: number): CholeskyResult {
  const factor = new Float64Array(n * n)
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j]!
      for (let k = 0; k < j; k++) sum -= factor[i * n + k]! * factor[j * n + k]!
      if (i > j) {
        factor[i * n + j] = sum / factor[j * n + j]!
      } else if (sum > 0) {
        factor[i * n + i] = Math.sqrt(sum)
      } else {
        factor.fill(Number.NaN, i * n)
        return { factor, failure: { row: i, pivot: sum } }
      }
    }
  }
  return { factor }
}

/**
 * L^-1 B, or L^-T B, by substitution in float64.
 *
 * @param l n x n, row-major; only its lower triangle is read
 * @param b n x columns, row-major
 */
export function solveLower(
  l: ArrayLike<number>,
  b: ArrayLike<number>,
  n: number,
  columns: number,
  adjoint: boolean,
): Float64Array {
  const x = Float64Array.from(b)
  for (let step = 0; step < n; step++) {
    const i = adjoint ? n - 1 - step : step
    const diagonal = l[i * n + i]!
    for (let c = 0; c < columns; c++) x[i * columns + c]! /= diagonal
    // What row i adds to the rows that are still to come.
    for (let other = adjoint ? 0 : i + 1; other < (adjoint ? i : n); other++) {
      const factor = adjoint ? l[i * n + other]! : l[other * n + i]!
      if (factor === 0) continue
      for (let c = 0; c < columns; c++) x[other * columns + c]! -= factor * x[i * columns + c]!
    }
  }
  return x
}
