import type * as tf from '@tensorflow/tfjs'
import { randomWords, unitInterval } from './randomWords.ts'
import { type StatelessOp, statelessOp } from './statelessOp.ts'

/**
 * Draws standard normal numbers that depend on nothing but the arguments.
 *
 * The same (shape, key, counter) gives the same numbers at any time, on every backend up to float rounding: Philox 4x32-10 and Box-Muller, as
 * in TensorFlow's `StatelessRandomNormal`. There is no state to save or restore, and a graph compiler can treat the counter as an input.
 *
 * @param shape shape of the result: non-negative integers
 * @param key which stream: a 32-bit integer, signed or unsigned
 * @param counter which draw of the stream: a 32-bit integer, or an int32 scalar tensor where it must stay an input of a compiled step
 * @returns float32 tensor of the given shape; the caller owns it
 * @throws InvalidArgumentError if a number is not what is said above, or the counter is a tensor but not a scalar
 */
export function statelessNormal(shape: readonly number[], key: number, counter: number | tf.Scalar): tf.Tensor {
  return statelessOp('statelessNormal', NORMAL, shape, key, counter)
}

export const NORMAL: StatelessOp = {
  name: 'StatelessRandomNormal',
  twin: (size, seed) => {
    const values = new Float32Array(size)
    randomWords(size, seed, (block, at) => {
      for (let pair = 0; pair < 4; pair += 2) {
        // Box-Muller; the bound keeps the logarithm finite, as in TensorFlow's BoxMullerFloat.
        const radius = Math.sqrt(-2 * Math.log(Math.max(unitInterval(block[pair]!), 1e-7)))
        const angle = 2 * Math.PI * unitInterval(block[pair + 1]!)
        values[at + pair] = radius * Math.sin(angle) // past the end, a typed array drops the write
        values[at + pair + 1] = radius * Math.cos(angle)
      }
    })
    return values
  },
}
