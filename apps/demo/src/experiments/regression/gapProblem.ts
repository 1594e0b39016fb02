import { seededNormals } from '../shared/seededNormals.ts'
import type { RegressionTable } from './boston.ts'

/** Where there are training data: the gap lies between the two. */
export const SIDES = [
  [-1, -0.25],
  [0.35, 1],
] as const

/** The function that is to be found. */
export const truth = (x: number): number => Math.sin(4 * x) + 0.5 * x

/** Standard deviation of the noise at x. */
function noiseAt(x: number, kind: 'homoscedastic' | 'heteroscedastic'): number {
  return kind === 'homoscedastic' ? 0.1 : 0.05 + 0.2 * Math.max(0, x)
}

/**
 * Rows of a function of one number with a gap in the middle of its inputs.
 *
 * @param rows half of them on either side of the gap
 */
export function gapTable(rows: number, kind: 'homoscedastic' | 'heteroscedastic', seed: number): RegressionTable {
  const normals = seededNormals(rows, seed)
  const x = Array.from({ length: rows }, (_, i) => {
    const [from, to] = SIDES[i % 2]!
    return from + ((to - from) * (Math.floor(i / 2) + 0.5)) / (rows / 2)
  })
  return { x: x.map((value) => [value]), y: x.map((value, i) => truth(value) + noiseAt(value, kind) * normals[i]!) }
}
