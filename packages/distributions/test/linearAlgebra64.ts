// Linear algebra in float64 by Gauss-Jordan elimination, sharing nothing with the package: the oracle of everything multivariate.

export type Matrix = readonly (readonly number[])[]

/** The inverse and the logarithm of the determinant, with partial pivoting. */
export function inverseAndLogDeterminant(a: Matrix): { readonly inverse: Matrix; readonly logDeterminant: number } {
  const n = a.length
  const rows = a.map((row, i) => [...row, ...Array.from({ length: n }, (_, j) => (i === j ? 1 : 0))])
  let logDeterminant = 0
  for (let column = 0; column < n; column++) {
    let pivot = column
    for (let row = column; row < n; row++) if (Math.abs(rows[row]![column]!) > Math.abs(rows[pivot]![column]!)) pivot = row
    ;[rows[column], rows[pivot]] = [rows[pivot]!, rows[column]!]
    const head = rows[column]![column]!
    logDeterminant += Math.log(Math.abs(head))
    rows[column] = rows[column]!.map((value) => value / head)
    for (let row = 0; row < n; row++) {
      const factor = rows[row]![column]!
      if (row !== column) rows[row] = rows[row]!.map((value, k) => value - factor * rows[column]![k]!)
    }
  }
  return { inverse: rows.map((row) => row.slice(n)), logDeterminant }
}

export function product(a: Matrix, b: Matrix): Matrix {
  return a.map((row) => b[0]!.map((_, j) => row.reduce((sum, value, k) => sum + value * b[k]![j]!, 0)))
}

export function transpose(a: Matrix): Matrix {
  return a[0]!.map((_, j) => a.map((row) => row[j]!))
}

/** x^T A x. */
export function quadraticForm(a: Matrix, x: readonly number[]): number {
  return a.reduce((sum, row, i) => sum + x[i]! * row.reduce((inner, value, j) => inner + value * x[j]!, 0), 0)
}

/** A random lower triangular matrix with a positive diagonal, float32 numbers. */
export function randomFactor(n: number, random: () => number): Matrix {
  return Array.from({ length: n }, (_, i) =>
    Array.from({ length: n }, (_, j) => Math.fround(j > i ? 0 : i === j ? 0.4 + random() : (random() - 0.5) / Math.sqrt(n))),
  )
}

/** A small generator of uniform numbers (Park and Miller's), to make test cases that repeat. */
export function parkMiller(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 48271) % 2147483647
    return state / 2147483647
  }
}
