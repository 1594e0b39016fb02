/** Where in a run a step is. */
export interface TrainingPosition {
  /** Steps before this one, over all epochs. */
  readonly step: number
  /** From 0. */
  readonly epoch: number
  readonly epochs: number
  /** Batch of this epoch, from 0. */
  readonly batch: number
  /** Batches of an epoch. */
  readonly batches: number
  /** Rows of this batch. */
  readonly batchRows: number
  /** Rows of an epoch. */
  readonly rows: number
}
