import type { EpochSums } from '../fit/epochMeter.ts'
import type { EpochRecord } from '../fit/history.ts'
import type { RunDescription } from './runDescription.ts'

/** The values of one variable, row-major. */
export interface CheckpointTensor {
  readonly name: string
  readonly dtype: 'float32' | 'int32' | 'bool'
  readonly shape: readonly number[]
  readonly values: Float32Array | Int32Array | Uint8Array
}

/** All that a training run needs to go on with the same bits. Noise and the order of the rows are functions of the seed and the position. */
export interface Checkpoint {
  /** What the run was asked to do. */
  readonly description: RunDescription
  /** The next step. */
  readonly position: { readonly epoch: number; readonly batch: number }
  /** The epochs that are complete. */
  readonly epochs: readonly EpochRecord[]
  /** Sums over the steps of the epoch under way. */
  readonly sums: EpochSums
  /** Weights of the model, state of the optimizer, and the best weights where they are kept. */
  readonly tensors: readonly CheckpointTensor[]
}

/** Where checkpoints are kept: a folder (`@tfjs-bayes/training/node`), or anything else with these two. */
export interface CheckpointStore {
  /** The newest checkpoint, or undefined before the first. */
  latest(): Promise<Checkpoint | undefined>
  /** Keeps a checkpoint. Until it is whole, the one before stays. */
  save(checkpoint: Checkpoint): Promise<void>
}
