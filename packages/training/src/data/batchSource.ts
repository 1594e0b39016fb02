import type * as tf from '@tensorflow/tfjs'
import type { Likelihood } from '../likelihoods/likelihood.ts'

/** One batch; its tensors belong to whoever takes it. */
export interface SourceBatch {
  /** From 0 within its epoch. */
  readonly batch: number
  readonly rows: number
  /** [rows, ...] */
  readonly x: tf.Tensor
  /** Targets in the form that the source's likelihood takes, [rows, ...]. */
  readonly y: tf.Tensor
}

/** Where a run gets its batches from. */
export interface BatchSource {
  /** Rows of an epoch. */
  readonly rows: number
  /** Batches of an epoch. */
  readonly batches: number
  readonly likelihood: Likelihood
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
