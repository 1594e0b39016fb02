import type { EpochRecord, History } from '../fit/history.ts'

/** Where a training run is. Means are over the batches of this epoch so far, per example and in nats. */
export interface TrainingProgress {
  /** From 0. */
  readonly epoch: number
  readonly epochs: number
  /** Steps of this epoch that are done. */
  readonly step: number
  readonly steps: number
  /** Rows of this epoch that are done. */
  readonly examples: number
  readonly examplesPerSecond: number
  /** Seconds to the end of the run at the pace so far, validation included. */
  readonly etaSeconds: number
  readonly elbo: number
  readonly nll: number
  readonly klPerExample: number
  readonly beta: number
}

/** Is told how a training run goes. All calls come between two training steps; a throw stops the run. */
export interface ProgressReporter {
  /** From time to time within an epoch, and at its end. */
  onProgress?(progress: TrainingProgress): void
  onEpoch?(record: EpochRecord): void
  /** Once, also after an abort; not after an error. */
  onEnd?(history: History): void
}
