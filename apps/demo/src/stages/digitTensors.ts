import * as tf from '@tensorflow/tfjs'
import { IMAGE_PIXELS } from '../mnist/idx.ts'
import { type Digits, toUnitInterval } from '../mnist/mnist.ts'

/** Digits as tensors that the caller owns. */
export interface DigitTensors {
  /** [count, 784], in [0, 1]. */
  readonly x: tf.Tensor2D
  /** [count], int32. */
  readonly y: tf.Tensor1D
  dispose(): void
}

export function digitTensors(digits: Digits): DigitTensors {
  const tensors = {
    x: tf.tensor2d(toUnitInterval(digits), [digits.count, IMAGE_PIXELS]),
    y: tf.tensor1d(Int32Array.from(digits.labels), 'int32'),
  }
  return { ...tensors, dispose: () => tf.dispose(tensors) }
}
