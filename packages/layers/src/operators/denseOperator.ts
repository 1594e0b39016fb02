import * as tf from '@tensorflow/tfjs'
import type { LinearOperator } from './linearOperator.ts'

/**
 * The matrix product over the last axis: x [..., inputs] and kernel [inputs, units] give [..., units].
 *
 * @param units size of the output's last axis
 */
export function denseOperator(units: number): LinearOperator {
  return {
    name: 'dense',
    channelAxis: -1,
    kernelShape: (inputShape) => [inputShape.at(-1)!, units],
    biasShape: () => [units],
    apply: (x, kernel, bias) => {
      const rows = x.rank === 2 ? x : x.reshape([tf.util.sizeFromShape(x.shape.slice(0, -1)), x.shape.at(-1)!])
      const product = tf.matMul(rows, kernel)
      const sum = bias === undefined ? product : product.add(bias)
      return x.rank === 2 ? sum : sum.reshape([...x.shape.slice(0, -1), units])
    },
  }
}
