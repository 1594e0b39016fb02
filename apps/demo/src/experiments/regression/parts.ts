import type { Configuration } from '../framework/experiment.ts'
import type { RegressionTable } from './boston.ts'
import type { Band, FittedRegression, RegressionChoice } from './fitRegression.ts'

export interface RegressionConfiguration extends Configuration {
  readonly problem: 'gap' | 'boston'
  readonly choice: RegressionChoice
}

export interface RegressionSettings {
  readonly rows: number
  readonly testRows: number
  /** Inputs of the one-dimensional problem at which the predictive distribution is drawn. */
  readonly grid: readonly number[]
  /** Parts into which Boston housing is cut; each is tested on once. */
  readonly folds: number
}

export interface RegressionResult {
  /** One for each fold; one for the gap. */
  readonly fits: readonly FittedRegression[]
  /** The rows that the gap was learned from. */
  readonly train: RegressionTable | null
  readonly band: Band | null
}
