import { standardDraws } from './standardDraws.ts'

/**
 * Points that stand for a standard normal distribution in several dimensions, each with the same weight: for every point its mirror image, so that all odd moments
 * are 0, and, where there are enough of them, coordinates without correlation. The average of a smooth function over them errs far less than over as many draws.
 *
 * @param count number of points, even
 * @param size dimensions; from count / 2 on correlations cannot all be 0, and are those of stratified draws
 * @returns [count, size], row-major
 */
export function pointsOfNormal(count: number, size: number): Float32Array {
  const half = count / 2
  const columns = columnsOf(standardDraws({ samples: half, size, seed: 0, method: 'stratified' }), half, size)
  if (size < half) orthogonalize(columns)
  const points = new Float32Array(count * size)
  columns.forEach((column, axis) => {
    const scale = 1 / Math.sqrt(dot(column, column) / half)
    column.forEach((value, point) => {
      points[point * size + axis] = value * scale
      points[(half + point) * size + axis] = -value * scale
    })
  })
  return points
}

function columnsOf(data: Float32Array, rows: number, size: number): Float64Array[] {
  return Array.from({ length: size }, (_, axis) => Float64Array.from({ length: rows }, (__, row) => data[row * size + axis]!))
}

/** Takes from each column what it has in common with those before it (Gram and Schmidt). */
function orthogonalize(columns: readonly Float64Array[]): void {
  columns.forEach((column, axis) => {
    for (const earlier of columns.slice(0, axis)) {
      const factor = dot(column, earlier) / dot(earlier, earlier)
      earlier.forEach((value, i) => {
        column[i]! -= factor * value
      })
    }
  })
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0)
}
