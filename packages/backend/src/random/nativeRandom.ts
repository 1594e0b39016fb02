import * as tf from '@tensorflow/tfjs'
import { NORMAL } from './statelessNormal.ts'
import type { StatelessOp } from './statelessOp.ts'
import { WORDS } from './statelessSigns.ts'
import { UNIFORM } from './statelessUniform.ts'

/** The part of tfjs-node's backend that runs any TensorFlow op. */
interface NativeBackend extends tf.KernelBackend {
  readonly binding: { readonly TF_ATTR_TYPE: number }
  executeSingleOutput(op: string, attrs: readonly object[], inputs: readonly tf.Tensor[]): tf.Tensor
}

/** Values of TensorFlow's DataType (core/framework/types.proto). */
const DT = { float32: 1, int32: 3 } as const

const kernels = [NORMAL, UNIFORM, WORDS].map(nativeKernel)

/** Makes TensorFlow's own ops the kernels of the stateless draws on the native backend, in place of the TypeScript twins. */
export function registerNativeRandom(): void {
  for (const kernel of kernels) {
    const present = tf.getKernel(kernel.kernelName, 'tensorflow')
    if (present === kernel) continue
    if (present !== undefined && present !== null) tf.unregisterKernel(kernel.kernelName, 'tensorflow')
    tf.registerKernel(kernel)
  }
}

function nativeKernel({ name, dtype }: StatelessOp): tf.KernelConfig {
  return {
    kernelName: name,
    backendName: 'tensorflow',
    kernelFunc: ({ inputs, attrs, backend }) => {
      const { binding, executeSingleOutput } = backend as NativeBackend
      const attribute = (attributeName: string, value: number): object => ({
        name: attributeName,
        type: binding.TF_ATTR_TYPE,
        value,
      })
      const shape = tf.tensor1d(attrs!['shape'] as number[], 'int32')
      const result = executeSingleOutput.call(
        backend,
        name,
        [attribute('dtype', DT[dtype]), attribute('T', DT.int32), attribute('Tseed', DT.int32)],
        [shape, inputs['seed'] as tf.Tensor],
      )
      shape.dispose()
      return result
    },
  }
}
