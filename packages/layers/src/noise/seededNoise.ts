import type * as tf from '@tensorflow/tfjs'
import { statelessNormal, statelessSigns, streamKey } from '@tfjs-bayes/backend'
import { NoiseError } from '../errors.ts'
import type { NoiseSource } from './noiseSource.ts'

/**
 * Noise that depends on nothing but seed, counter and stream: the same arguments give the same bits on a backend.
 *
 * @param seed int32; one training run, or one prediction
 * @param counter int32, or an int32 scalar tensor where it must stay an input of a compiled step; counts the passes of that run
 * @returns a noise source of independent standard normal numbers
 * @throws NoiseError where seed or counter is not an int32
 */
export function seededNoise(seed: number, counter: number | tf.Scalar): NoiseSource {
  requireInt32('seed', seed)
  if (typeof counter === 'number') requireInt32('counter', counter)
  return Object.assign((shape: readonly number[], stream: number) => statelessNormal(shape, streamKey(seed, stream), counter), {
    signs: (shape: readonly number[], stream: number) => statelessSigns(shape, streamKey(seed, stream), counter),
  })
}

function requireInt32(name: string, value: number): void {
  if ((value | 0) !== value)
    throw new NoiseError(`seededNoise: ${name} is ${value}; expected an integer from -2147483648 to 2147483647.`)
}
