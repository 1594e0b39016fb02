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
  const outputSize = (size: number, axis: number): number =>
    size * strides[axis]! + (padding === 'valid' ? Math.max(kernelSize[axis]! - strides[axis]!, 0) : 0)
  return {
    name: 'conv2dTranspose',
    channelAxis,
    inputRank: 4,
    kernelShape: (inputShape) => [...kernelSize, filters, inputShape.at(channelAxis)!],
    biasShape: () => [filters],
    apply: (x, kernel, bias) =>
      channelsLast(convolution, x, (last) => {
        const [batch, height, width] = last.shape as [number, number, number]
        const shape: [number, number, number, number] = [batch, outputSize(height, 0), outputSize(width, 1), filters]
        const y =
          last.size === 0
            ? tf.zeros(shape)
            : tf.conv2dTranspose(last as tf.Tensor4D, kernel as tf.Tensor4D, shape, strides as [number, number], padding)
        return bias === undefined ? y : y.add(bias)
      }),
  }
}
