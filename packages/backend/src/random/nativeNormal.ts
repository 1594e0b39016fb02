import * as tf from '@tensorflow/tfjs'
import { STATELESS_NORMAL } from './statelessNormal.ts'

/** The part of tfjs-node's backend that runs any TensorFlow op. */
interface NativeBackend extends tf.KernelBackend {
  readonly binding: { readonly TF_ATTR_TYPE: number }
  executeSingleOutput(op: string, attrs: readonly object[], inputs: readonly tf.Tensor[]): tf.Tensor
}

/** Values of TensorFlow's DataType (core/framework/types.proto). */
const DT_FLOAT = 1
const DT_INT32 = 3

const native: tf.KernelConfig = {
  kernelName: STATELESS_NORMAL,
  backendName: 'tensorflow',
  kernelFunc: ({ inputs, attrs, backend }) => {
    const { binding, executeSingleOutput } = backend as NativeBackend
    const attribute = (name: string, value: number): object => ({ name, type: binding.TF_ATTR_TYPE, value })
    const shape = tf.tensor1d(attrs!['shape'] as number[], 'int32')
    const result = executeSingleOutput.call(
      backend,
      STATELESS_NORMAL,
      [attribute('dtype', DT_FLOAT), attribute('T', DT_INT32), attribute('Tseed', DT_INT32)],
      [shape, inputs['seed'] as tf.Tensor],
    )
    shape.dispose()
    return result
  },
}

/** Makes TensorFlow's own op the kernel of `statelessNormal` on the native backend, in place of the TypeScript twin. */
export function registerNativeNormal(): void {
  const present = tf.getKernel(STATELESS_NORMAL, 'tensorflow')
  if (present === native) return
  if (present !== undefined && present !== null) tf.unregisterKernel(STATELESS_NORMAL, 'tensorflow')
  tf.registerKernel(native)
}
