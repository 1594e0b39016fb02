import * as tf from '@tensorflow/tfjs'
import { type Convolution, channelAxisOf, channelsLast, convolvedSizes, dilate } from './convolution.ts'
import type { LinearOperator } from './linearOperator.ts'

/** The convolution over two axes: x [batch, height, width, inputs] and kernel [h, w, inputs, filters] give [batch, height', width', filters]. */
export function conv2dOperator(filters: number, convolution: Convolution): LinearOperator {
  const { kernelSize, strides, padding, dilationRate } = convolution
  const channelAxis = channelAxisOf(convolution)
  return {
    name: 'conv2d',
    channelAxis,
    inputRank: 4,
    kernelShape: (inputShape) => [...kernelSize, inputShape.at(channelAxis)!, filters],
    biasShape: () => [filters],
    apply: (x, kernel, bias) =>
      channelsLast(convolution, x, {
        shapeOf: (shape) => [...convolvedSizes(convolution, shape.slice(0, -1)), filters],
        convolve: (last) => {
          const dilated = dilate(kernel, dilationRate) as tf.Tensor4D
          const y = tf.conv2d(last as tf.Tensor4D, dilated, strides as [number, number], padding)
          return bias === undefined ? y : y.add(bias)
        },
      }),
  }
}
