import * as tf from '@tensorflow/tfjs'
import { type Convolution, filtersOperator } from './convolution.ts'
import type { LinearOperator } from './linearOperator.ts'

/** The convolution over two axes: x [batch, height, width, inputs] and kernel [h, w, inputs, filters] give [batch, height', width', filters]. */
export function conv2dOperator(filters: number, convolution: Convolution): LinearOperator {
  const { strides, padding } = convolution
  return filtersOperator('conv2d', filters, convolution, (x, kernel) =>
    tf.conv2d(x as tf.Tensor4D, kernel as tf.Tensor4D, strides as [number, number], padding),
  )
}
