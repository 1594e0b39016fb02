import type * as tf from '@tensorflow/tfjs'

/** The part of tfjs-node's backend that runs any TensorFlow op. */
interface NativeBackend {
  readonly binding: { readonly TF_ATTR_TYPE: number }
  executeSingleOutput(op: string, attributes: readonly object[], inputs: readonly tf.Tensor[]): tf.Tensor
}

/** Values of TensorFlow's DataType (core/framework/types.proto). */
export const DT = { float32: 1, int32: 3, complex64: 8 } as const

/** Runs an op of TensorFlow that has one output and whose attributes are types. */
export type RunOp = (op: string, types: Readonly<Record<string, number>>, inputs: readonly tf.Tensor[]) => tf.Tensor

/**
 * What runs TensorFlow's ops on the native backend.
 *
 * @param backend the one that tfjs hands to a kernel registered for "tensorflow"
 */
export function runOpOn(backend: unknown): RunOp {
  const native = backend as NativeBackend
  return (op, types, inputs) => {
    const attributes = Object.entries(types).map(([name, value]) => ({ name, type: native.binding.TF_ATTR_TYPE, value }))
    return native.executeSingleOutput(op, attributes, inputs)
  }
}
