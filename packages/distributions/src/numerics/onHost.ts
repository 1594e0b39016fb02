import * as tf from '@tensorflow/tfjs'
import { broadcastShape, type Parameter, parameterShape } from '../parameter.ts'

/**
 * Evaluates a function of numbers for every element of its broadcasting inputs, in float64 on the host.
 *
 * For special functions that would take hundreds of passes over float32 tensors. It reads its inputs, so what uses it cannot be traced into a
 * graph; none of it is part of a training step.
 *
 * @param inputs numbers or tensors
 * @returns float32, of the broadcast shape; the caller owns it
 */
export function onHost(inputs: readonly Parameter[], f: (...values: number[]) => number): tf.Tensor {
  const shape = broadcastShape('onHost', Object.fromEntries(inputs.map((input, i) => [`input ${i}`, parameterShape(input)])))
  const columns = tf.tidy(() =>
    inputs.map((input) => (typeof input === 'number' ? input : tf.broadcastTo(tf.cast(input, 'float32'), [...shape]).dataSync())),
  )
  const size = tf.util.sizeFromShape([...shape])
  const values = Float32Array.from({ length: size }, (_, i) =>
    f(...columns.map((column) => (typeof column === 'number' ? column : column[i]!))),
  )
  return tf.tensor(values, [...shape], 'float32')
}
