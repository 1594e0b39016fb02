import * as tf from '@tensorflow/tfjs'
import type { NativeAttribute, NativeTensor, NativeValues, TensorFlowBackend, TensorFlowBinding } from './tensorFlowBackend.ts'
import { TRACE_DEPTH } from './userLine.ts'

/** What can be told about a backend at work; each call comes after the thing itself, but `beforeOp`. */
export interface BackendObserver {
  /** JavaScript values become a tensor; TensorFlow may get them only later, or never. */
  wrote(values: object): void
  /** TensorFlow gets a tensor's values. */
  created(id: number, shape: readonly number[], dtype: number, values: NativeValues): void
  /** An op is about to run: its inputs are still alive. */
  beforeOp(inputIds: readonly number[]): void
  executed(
    op: string,
    attributes: readonly NativeAttribute[],
    inputIds: readonly number[],
    outputs: readonly NativeTensor[],
  ): void
  deleted(id: number): void
  /** Values go from TensorFlow to JavaScript. */
  read(id: number): void
  ranSavedModel(): void
}

/** Runs a function with an observer under the backend, which is left as it was however the function ends. */
export function observeBackend<T>(backend: TensorFlowBackend, observer: BackendObserver, run: () => T): T {
  const { binding } = backend
  let readsAreHarmless = false
  const observed: TensorFlowBinding = {
    executeOp: (op, attributes, inputIds, outputs) => {
      observer.beforeOp(inputIds)
      const tensors = binding.executeOp(op, attributes, inputIds, outputs)
      observer.executed(op, attributes, inputIds, tensors)
      return tensors
    },
    createTensor: (shape, dtype, values) => {
      const id = binding.createTensor(shape, dtype, values)
      observer.created(id, shape, dtype, values)
      return id
    },
    deleteTensor: (id) => {
      binding.deleteTensor(id)
      observer.deleted(id)
    },
    tensorDataSync: (id) => {
      const values = binding.tensorDataSync(id)
      if (!readsAreHarmless) observer.read(id)
      return values
    },
    runSavedModel: (session, inputIds, inputNames, outputNames) => {
      const tensors = binding.runSavedModel(session, inputIds, inputNames, outputNames)
      observer.ranSavedModel()
      return tensors
    },
  }
  const gather = tf.getKernel('GatherV2', 'tensorflow')
  const gatherFunction = gather.kernelFunc
  const write = backend.write
  const ownWrite = Object.getOwnPropertyDescriptor(backend, 'write')
  const traceDepth = Error.stackTraceLimit
  // The addon's own properties are read-only: it can be stood in for, not patched.
  backend.binding = Object.create(binding, Object.getOwnPropertyDescriptors(observed)) as TensorFlowBinding
  backend.write = (values, shape, dtype) => {
    observer.wrote(values)
    return write.call(backend, values, shape, dtype)
  }
  // This kernel reads the indices only to check their bounds, which the graph's op does by itself.
  gather.kernelFunc = (parameters) => {
    readsAreHarmless = true
    try {
      return gatherFunction(parameters)
    } finally {
      readsAreHarmless = false
    }
  }
  Error.stackTraceLimit = TRACE_DEPTH
  try {
    return run()
  } finally {
    Error.stackTraceLimit = traceDepth
    gather.kernelFunc = gatherFunction
    if (ownWrite === undefined) Reflect.deleteProperty(backend, 'write')
    else Object.defineProperty(backend, 'write', ownWrite)
    backend.binding = binding
  }
}
