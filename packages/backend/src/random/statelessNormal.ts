import * as tf from '@tensorflow/tfjs'
import { plainNormal } from './plainNormal.ts'

/** The tfjs kernel name; `native.ts` registers TensorFlow's own op under it, any other backend gets the TypeScript twin at first use. */
export const STATELESS_NORMAL = 'StatelessRandomNormal'

/**
 * Draws standard normal numbers that depend on nothing but the arguments.
 *
 * The same (shape, seed) gives the same numbers at any time, on every backend up to float rounding: Philox 4x32-10 and Box-Muller, as in
 * TensorFlow's `StatelessRandomNormal`. There is no state to save or restore, and a graph compiler can treat the counter as an input.
 *
 * @param shape shape of the result
 * @param key which stream: an int32
 * @param counter which draw of the stream: an int32, or an int32 scalar tensor where it must stay an input of a compiled step
 * @returns float32 tensor of the given shape; the caller owns it
 */
export function statelessNormal(shape: readonly number[], key: number, counter: number | tf.Scalar): tf.Tensor {
  return tf.tidy(() => {
    const seed =
      typeof counter === 'number'
        ? tf.tensor1d([key | 0, counter | 0], 'int32')
        : tf.stack([tf.scalar(key | 0, 'int32'), counter.toInt()])
    const backend = tf.getBackend()
    if (tf.getKernel(STATELESS_NORMAL, backend) == null) registerTwin(backend)
    return tf.engine().runKernel(STATELESS_NORMAL, { seed }, { shape: [...shape] }) as tf.Tensor
  })
}

function registerTwin(backendName: string): void {
  tf.registerKernel({
    kernelName: STATELESS_NORMAL,
    backendName,
    kernelFunc: ({ inputs, attrs, backend }) => {
      const shape = attrs!['shape'] as number[]
      const seed = (backend as tf.KernelBackend).readSync((inputs['seed'] as tf.Tensor).dataId) as Int32Array
      const values = plainNormal(tf.util.sizeFromShape(shape), [seed[0]!, seed[1]!])
      return { dataId: (backend as tf.KernelBackend).write(values, shape, 'float32'), shape, dtype: 'float32' }
    },
  })
}
