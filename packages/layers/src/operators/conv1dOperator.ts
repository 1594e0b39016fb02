import * as tf from '@tensorflow/tfjs'
import { type Convolution, filtersOperator } from './convolution.ts'
import type { LinearOperator } from './linearOperator.ts'

/** The convolution over one axis: x [batch, steps, inputs] and kernel [size, inputs, filters] give [batch, steps', filters]. */
export function conv1dOperator(filters: number, convolution: Convolution): LinearOperator {
  const { strides, padding } = convolution
  return filtersOperator('conv1d', filters, convolution, (x, kernel) =>
    tf.conv1d(x as tf.Tensor3D, kernel as tf.Tensor3D, strides[0]!, padding),
  )
}
