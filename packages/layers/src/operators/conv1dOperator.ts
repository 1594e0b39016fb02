import * as tf from '@tensorflow/tfjs'
import { type Convolution, channelAxisOf, channelsLast, convolvedSizes, dilate } from './convolution.ts'
import type { LinearOperator } from './linearOperator.ts'

/** The convolution over one axis: x [batch, steps, inputs] and kernel [size, inputs, filters] give [batch, steps', filters]. */
export function conv1dOperator(filters: number, convolution: Convolution): LinearOperator {
  const { kernelSize, strides, padding, dilationRate } = convolution
  const channelAxis = channelAxisOf(convolution)
  return {
    name: 'conv1d',
    channelAxis,
    inputRank: 3,
    kernelShape: (inputShape) => [...kernelSize, inputShape.at(channelAxis)!, filters],
    biasShape: () => [filters],
    apply: (x, kernel, bias) =>
      channelsLast(convolution, x, {
        shapeOf: (shape) => [...convolvedSizes(convolution, shape.slice(0, -1)), filters],
        convolve: (last) => {
          const y = tf.conv1d(last as tf.Tensor3D, dilate(kernel, dilationRate) as tf.Tensor3D, strides[0]!, padding)
          return bias === undefined ? y : y.add(bias)
        },
      }),
  }
}
