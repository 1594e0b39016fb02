import { createRequire } from 'node:module'
import * as util from 'node:util'
import * as tf from '@tensorflow/tfjs'
import { STATELESS_NORMAL } from './random/statelessNormal.ts'

/** Makes tfjs-node's TensorFlow the backend of tfjs. Throws where the package or its native library is missing. */
export async function useNativeBackend(): Promise<void> {
  // tfjs-node 4.22 calls two functions that Node 23 removed.
  const utilModule = createRequire(import.meta.url)('node:util') as Record<string, unknown>
  utilModule['isNullOrUndefined'] ??= (value: unknown) => value == null
  utilModule['isArray'] ??= Array.isArray
  void util
  await import('@tensorflow/tfjs-node')
  await tf.setBackend('tensorflow')
  registerNativeKernels()
}

interface NativeBackend extends tf.KernelBackend {
  readonly binding: { readonly TF_ATTR_TYPE: number }
  executeSingleOutput(op: string, attrs: readonly object[], inputs: readonly tf.Tensor[]): tf.Tensor
}

const DT_FLOAT = 1
const DT_INT32 = 3

function registerNativeKernels(): void {
  if (tf.getKernel(STATELESS_NORMAL, 'tensorflow') != null) return
  tf.registerKernel({
    kernelName: STATELESS_NORMAL,
    backendName: 'tensorflow',
    kernelFunc: ({ inputs, attrs, backend }) => {
      const native = backend as NativeBackend
      const type = native.binding.TF_ATTR_TYPE
      const shape = tf.tensor1d(attrs!['shape'] as number[], 'int32')
      const result = native.executeSingleOutput(
        STATELESS_NORMAL,
        [
          { name: 'dtype', type, value: DT_FLOAT },
          { name: 'T', type, value: DT_INT32 },
          { name: 'Tseed', type, value: DT_INT32 },
        ],
        [shape, inputs['seed'] as tf.Tensor],
      )
      shape.dispose()
      return result
    },
  })
}
