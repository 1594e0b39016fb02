import type * as tf from '@tensorflow/tfjs'
import type { NativeTensor, TensorFlowBackend } from './tensorFlowBackend.ts'

/** Makes a native tensor the value of a variable, which owns it from then on. */
export function assignNative(backend: TensorFlowBackend, variable: tf.Variable, value: NativeTensor): void {
  const tensor = backend.createOutputTensor(value)
  variable.assign(tensor)
  tensor.dispose()
}
