import type * as tf from '@tensorflow/tfjs'

/**
 * Where a forward pass gets its standard normal numbers from: a pure function of what is asked, so that a draw can be made again.
 *
 * A forward pass numbers its requests 0, 1, 2, ... in the order in which they come (`stream`). The caller owns the tensor returned.
 */
export type NoiseSource = (shape: readonly number[], stream: number) => tf.Tensor
