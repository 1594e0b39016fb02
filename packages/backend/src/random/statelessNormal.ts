import * as tf from '@tensorflow/tfjs'
import { InvalidArgumentError } from '../errors.ts'
import { plainNormal } from './plainNormal.ts'

/** The tfjs kernel name; `nativeNormal.ts` registers TensorFlow's own op under it, any other backend gets the TypeScript twin at first use. */
export const STATELESS_NORMAL = 'StatelessRandomNormal'

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
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0))
    throw new InvalidArgumentError(`statelessNormal: shape is [${shape.join(', ')}], expected non-negative integers`)
  const keyWord = int32(key, 'key')
  const counterWord = typeof counter === 'number' ? int32(counter, 'counter') : counter
  if (typeof counterWord !== 'number' && counterWord.rank !== 0)
    throw new InvalidArgumentError(
      `statelessNormal: counter has shape [${(counterWord as tf.Tensor).shape.join(', ')}], expected a scalar`,
    )
  return tf.tidy(() => {
    const seed =
      typeof counterWord === 'number'
        ? tf.tensor1d([keyWord, counterWord], 'int32')
        : tf.stack([tf.scalar(keyWord, 'int32'), counterWord.toInt()])
    const backend = tf.getBackend()
    if (tf.getKernel(STATELESS_NORMAL, backend) == null) registerTwin(backend)
    return tf.engine().runKernel(STATELESS_NORMAL, { seed }, { shape: [...shape] }) as tf.Tensor
  })
}

/** The same 32 bits as a signed number, which is what TensorFlow's int32 holds. */
function int32(value: number, name: string): number {
  if (!Number.isInteger(value) || value < -0x80000000 || value > 0xffffffff)
    throw new InvalidArgumentError(`statelessNormal: ${name} is ${value}, expected an integer of 32 bits`)
  return value | 0
}

function registerTwin(backendName: string): void {
  tf.registerKernel({
    kernelName: STATELESS_NORMAL,
    backendName,
    kernelFunc: ({ inputs, attrs, backend }) => {
      const { readSync, write } = backend as tf.KernelBackend
      const shape = attrs!['shape'] as number[]
      const seed = readSync.call(backend, (inputs['seed'] as tf.Tensor).dataId) as Int32Array
      const values = plainNormal(tf.util.sizeFromShape(shape), [seed[0]!, seed[1]!])
      return { dataId: write.call(backend, values, shape, 'float32') as object, shape, dtype: 'float32' }
    },
  })
}
