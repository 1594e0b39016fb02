import * as tf from '@tensorflow/tfjs'
import { type Convolution, channelAxisOf, channelsLast } from './convolution.ts'
import type { LinearOperator } from './linearOperator.ts'

/**
 * The transposed convolution over two axes: x [batch, height, width, inputs] and kernel [h, w, filters, inputs] give
 * [batch, height', width', filters], each input spread over an h x w patch of the output.
 */
export function conv2dTransposeOperator(filters: number, convolution: Convolution): LinearOperator {
  const { kernelSize, strides, padding } = convolution
  const channelAxis = channelAxisOf(convolution)
  const shapeOf = (shape: readonly number[]): number[] => [
    ...shape.slice(0, -1).map((size, axis) => {
      const overlap = kernelSize[axis]! - strides[axis]!
      return size * strides[axis]! + (padding === 'valid' ? Math.max(overlap, 0) : 0)
    }),
    filters,
  ]
  return {
    name: 'conv2dTranspose',
    channelAxis,
    inputRank: 4,
    kernelShape: (inputShape) => [...kernelSize, filters, inputShape.at(channelAxis)!],
    biasShape: () => [filters],
    apply: (x, kernel, bias) =>
      channelsLast(convolution, x, {
        shapeOf,
        convolve: (last) => {
          const shape = [last.shape[0]!, ...shapeOf(last.shape.slice(1))] as [number, number, number, number]
          const y = tf.conv2dTranspose(last as tf.Tensor4D, kernel as tf.Tensor4D, shape, strides as [number, number], padding)
          return bias === undefined ? y : y.add(bias)
        },
      }),
  }
}
