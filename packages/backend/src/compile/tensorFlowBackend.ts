import * as tf from '@tensorflow/tfjs'

/** What tfjs-node tells about a tensor that TensorFlow holds. */
export interface NativeTensor {
  readonly id: number
  readonly dtype: number
  readonly shape: number[]
}

/** An op's attribute as tfjs-node's addon takes it; `type` is one of `ATTRIBUTE`. */
export interface NativeAttribute {
  readonly name: string
  readonly type: number
  readonly value: unknown
}

export type NativeValues = Float32Array | Int32Array | Uint8Array | Uint8Array[]

/** TensorFlow's `TF_AttrType`, the numbers that the addon's `TF_ATTR_*` stand for. */
export const ATTRIBUTE = { string: 0, integer: 1, float: 2, boolean: 3, type: 4, shape: 5 } as const

/** The part of tfjs-node's addon that a compiled step needs: a native tensor's id is never used again. */
export interface TensorFlowBinding {
  createTensor(shape: number[], dtype: number, values: NativeValues): number
  deleteTensor(id: number): void
  tensorDataSync(id: number): NativeValues
  executeOp(op: string, attributes: NativeAttribute[], inputIds: number[], outputs: number): NativeTensor[]
  runSavedModel(session: number, inputIds: number[], inputNames: string, outputNames: string): NativeTensor[]
}

/** The part of tfjs-node's backend that a compiled step needs. */
export interface TensorFlowBackend extends tf.KernelBackend {
  binding: TensorFlowBinding
  readonly tensorMap: { get(dataId: object): NativeTensor & { id: number; readonly refCount: number } }
  getInputTensorIds(tensors: readonly tf.Tensor[]): number[]
  createOutputTensor(tensor: NativeTensor): tf.Tensor
  loadSavedModelMetaGraph(path: string, tags: string): number
  deleteSavedModel(session: number): void
}

/** tfjs-node's backend where it is the backend in use, else undefined. */
export function tensorFlowBackend(): TensorFlowBackend | undefined {
  if (tf.getBackend() !== 'tensorflow') return undefined
  const backend = tf.backend() as Partial<TensorFlowBackend>
  return typeof backend.binding?.runSavedModel === 'function' ? (backend as TensorFlowBackend) : undefined
}
