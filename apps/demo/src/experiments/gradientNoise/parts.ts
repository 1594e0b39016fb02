import type { GradientMeterReading } from '@tfjs-bayes/training'
import type { Configuration } from '../framework/experiment.ts'

/** After how much training the noise is measured. */
export interface NoiseConfiguration extends Configuration {
  readonly epochs: number
}

export interface NoiseSettings {
  readonly trainRows: number
  readonly validationRows: number
  readonly testRows: number
  readonly hidden: number
  readonly batchSize: number
  readonly batchSizes: readonly number[]
  readonly draws: number
  /** Rows that the minibatches of a size have together, at least; no fewer than `leastMinibatches` of them. */
  readonly rowsPerSize: number
  readonly leastMinibatches: number
  readonly exampleRows: number
}

export interface NoiseResult {
  /** One reading for each estimator and batch size; variances of the gradient of the loss in nats per example. */
  readonly readings: readonly GradientMeterReading[]
}
