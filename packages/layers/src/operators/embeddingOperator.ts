import * as tf from '@tensorflow/tfjs'
import type { LinearOperator } from './linearOperator.ts'

/**
 * The table look-up: indices x [...] and a kernel [inputDim, outputDim] give [..., outputDim], the product of one-hot vectors and the kernel.
 *
 * @param inputDim number of rows: indices are 0 to inputDim - 1
 */
export function embeddingOperator(inputDim: number, outputDim: number): LinearOperator {
  return {
    name: 'embedding',
    channelAxis: -1,
    takesIndices: true,
    kernelShape: () => [inputDim, outputDim],
    biasShape: () => [outputDim],
    apply: (x, kernel) => {
      const rows = tf.gather(kernel, x.toInt().reshape([x.size]) as tf.Tensor1D)
      return rows.reshape([...x.shape, outputDim])
    },
  }
}
