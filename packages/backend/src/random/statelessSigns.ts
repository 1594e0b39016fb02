import type * as tf from '@tensorflow/tfjs'
import { randomWords } from './randomWords.ts'
import { type StatelessOp, statelessOp } from './statelessOp.ts'

/**
 * Draws random signs, -1 or 1 with equal probability, that depend on nothing but the arguments: the signs of the words of TensorFlow's
 * `StatelessRandomUniformFullInt` (Philox 4x32-10), the same on every backend to the bit.
 *
 * @param shape shape of the result: non-negative integers
 * @param key which stream: a 32-bit integer, signed or unsigned
 * @param counter which draw of the stream: a 32-bit integer, or an int32 scalar tensor where it must stay an input of a compiled step
 * @returns float32 tensor of the given shape; the caller owns it
 * @throws InvalidArgumentError if a number is not what is said above, or the counter is a tensor but not a scalar
 */
export function statelessSigns(shape: readonly number[], key: number, counter: number | tf.Scalar): tf.Tensor {
  return statelessOp('statelessSigns', SIGNS, shape, key, counter)
}

export const SIGNS: StatelessOp = {
  name: 'StatelessRandomSigns',
  twin: (size, seed) => {
    const values = new Float32Array(size)
    randomWords(size, seed, (block, at) => {
      for (let i = 0; i < 4; i++) values[at + i] = (block[i]! | 0) < 0 ? -1 : 1
    })
    return values
  },
}
