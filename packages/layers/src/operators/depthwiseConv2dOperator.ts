import * as tf from '@tensorflow/tfjs'
import { type Convolution, channelAxisOf, channelsLast, convolvedSizes } from './convolution.ts'
import type { LinearOperator } from './linearOperator.ts'

/**
 * The convolution of each channel by itself: x [batch, height, width, inputs] and kernel [h, w, inputs, multiplier] give
 * [batch, height', width', inputs * multiplier].
 */
export function depthwiseConv2dOperator(depthMultiplier: number, convolution: Convolution): LinearOperator {
  const { kernelSize, strides, padding } = convolution
  const channelAxis = channelAxisOf(convolution)
  return {
    name: 'depthwiseConv2d',
    channelAxis,
    inputRank: 4,
    kernelShape: (inputShape) => [...kernelSize, inputShape.at(channelAxis)!, depthMultiplier],
    biasShape: (inputShape) => [inputShape.at(channelAxis)! * depthMultiplier],
    apply: (x, kernel, bias) =>
      channelsLast(convolution, x, {
        shapeOf: (shape) => [...convolvedSizes(convolution, shape.slice(0, -1)), shape.at(-1)! * depthMultiplier],
        convolve: (last) => {
          const y = tf.depthwiseConv2d(last as tf.Tensor4D, kernel as tf.Tensor4D, strides as [number, number], padding)
          return bias === undefined ? y : y.add(bias)
        },
      }),
  }
}
