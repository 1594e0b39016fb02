import type * as tf from '@tensorflow/tfjs'

/**
 * Where a forward pass gets its standard normal numbers from: a pure function of what is asked, so that a draw can be made again.
 *
 * Noise for the outputs of a layer may have 1 instead of the number of rows as its first axis: then all rows share it.
 * A forward pass numbers its requests 0, 1, 2, ... in the order in which they come (`stream`). The caller owns the tensor returned.
 */
export interface NoiseSource {
  (shape: readonly number[], stream: number): tf.Tensor
  /** Random signs, -1 or 1, where the source has cheaper ones than the signs of its numbers, which are taken otherwise. */
  readonly signs?: (shape: readonly number[], stream: number) => tf.Tensor
}
