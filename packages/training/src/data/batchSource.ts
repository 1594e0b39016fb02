import type * as tf from '@tensorflow/tfjs'
import type { Likelihood } from '../likelihoods/likelihood.ts'

/** One batch. */
export interface SourceBatch {
  /** From 0 within its epoch. */
  readonly batch: number
  readonly rows: number
  /**
   * x [rows, ...] and y [rows, ...], the targets in the form that the source's likelihood takes; where the source is `indexed`, x and y of all its rows and the
   * int32 indices of the batch's, [rows].
   */
  readonly inputs: readonly tf.Tensor[]
  /** Frees what was made for this batch. */
  dispose(): void
}

/** Where a run gets its batches from. */
export interface BatchSource {
  /** Rows of an epoch. */
  readonly rows: number
  /** Batches of an epoch. */
  readonly batches: number
  readonly likelihood: Likelihood
  /** Whether batches come as indices into x and y: a compiled step then picks the rows itself. */
  readonly indexed: boolean
  /**
   * The batches of an epoch, from one on.
   *
   * @param epoch from 0
   * @param first batches before it are left out
   */
  epoch(epoch: number, first: number): AsyncIterable<SourceBatch>
  /** What tells these data from others, for checkpoints. */
  fingerprint(): Promise<string>
  dispose(): void
}
