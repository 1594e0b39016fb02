import type * as tf from '@tensorflow/tfjs'
import { randomWords, unitInterval } from './randomWords.ts'
import { type StatelessOp, statelessOp } from './statelessOp.ts'

/**
 * Draws uniform numbers on [0, 1) that depend on nothing but the arguments: multiples of 2^-23 from Philox 4x32-10, as TensorFlow's
 * `StatelessRandomUniform` draws them, and the same on every backend to the bit.
 *
 * @param shape shape of the result: non-negative integers
 * @param key which stream: a 32-bit integer, signed or unsigned
 * @param counter which draw of the stream: a 32-bit integer, or an int32 scalar tensor where it must stay an input of a compiled step
 * @returns float32 tensor of the given shape; the caller owns it
 * @throws InvalidArgumentError if a number is not what is said above, or the counter is a tensor but not a scalar
 */
export function statelessUniform(shape: readonly number[], key: number, counter: number | tf.Scalar): tf.Tensor {
  return statelessOp('statelessUniform', UNIFORM, shape, key, counter)
}

export const UNIFORM: StatelessOp = {
  name: 'StatelessRandomUniform',
  twin: (size, seed) => {
    const values = new Float32Array(size)
    randomWords(size, seed, (block, at) => {
      for (let i = 0; i < 4; i++) values[at + i] = unitInterval(block[i]!)
    })
    return values
  },
}
