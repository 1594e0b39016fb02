import * as tf from '@tensorflow/tfjs'
import { NoiseError } from '../errors.ts'
import type { NoiseSource } from './noiseSource.ts'

/**
 * Noise that the caller gives, to compute with chosen numbers: tests, comparisons between engines, common random numbers.
 *
 * @param tensors the noise of stream 0, 1, 2, ...; they stay the caller's and must live as long as the pass
 * @returns a noise source that hands out copies
 * @throws NoiseError, when asked, where a stream is missing or has another shape
 */
export function givenNoise(tensors: readonly tf.Tensor[]): NoiseSource {
  return (shape, stream) => {
    const given = tensors[stream]
    if (given === undefined) {
      throw new NoiseError(
        `givenNoise: the pass asks for stream ${stream} (shape [${shape}]), but ${tensors.length} were given. Give one tensor a stream.`,
      )
    }
    if (!tf.util.arraysEqual(given.shape, [...shape])) {
      throw new NoiseError(`givenNoise: stream ${stream} has shape [${given.shape}]; the pass asks for [${shape}].`)
    }
    return given.clone()
  }
}
