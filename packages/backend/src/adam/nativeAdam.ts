import * as tf from '@tensorflow/tfjs'
import { ANONYMOUS_NAME } from '../compile/anonymousName.ts'
import { ADAM_UPDATE } from './adamUpdate.ts'

interface Attribute {
  readonly name: string
  readonly type: number
  readonly value: unknown
}

/** The part of tfjs-node's backend that runs any TensorFlow op. */
interface NativeBackend extends tf.KernelBackend {
  readonly binding: {
    readonly TF_ATTR_TYPE: number
    readonly TF_ATTR_SHAPE: number
    readonly TF_ATTR_STRING: number
    readonly TF_ATTR_BOOL: number
  }
  executeSingleOutput(op: string, attributes: readonly Attribute[], inputs: readonly tf.Tensor[]): tf.Tensor
  executeMultipleOutputs(op: string, attributes: readonly Attribute[], inputs: readonly tf.Tensor[], outputs: number): tf.Tensor[]
}

/** TensorFlow's DataType (core/framework/types.proto). */
const DT_FLOAT = 1

/**
 * `ResourceApplyAdam` works on variables of TensorFlow: three are made for the moment and get the tensors, which are not copied. The op itself copies
 * what somebody else still holds, so the tensors that came in stay as they are.
 */
const native: tf.KernelConfig = {
  kernelName: ADAM_UPDATE,
  backendName: 'tensorflow',
  kernelFunc: ({ inputs, attrs, backend }) =>
    tf.tidy(() => {
      const { binding } = backend as NativeBackend
      const { TF_ATTR_TYPE, TF_ATTR_SHAPE, TF_ATTR_STRING, TF_ATTR_BOOL } = binding
      const run = (op: string, attributes: readonly Attribute[], operands: readonly tf.Tensor[], outputs: number): tf.Tensor[] =>
        (backend as NativeBackend).executeMultipleOutputs(op, attributes, operands, outputs)
      const dtype = { name: 'dtype', type: TF_ATTR_TYPE, value: DT_FLOAT }
      const { value, firstMoment, secondMoment, gradient, learningRate, beta1Power, beta2Power, scaledEpsilon } =
        inputs as unknown as Record<string, tf.Tensor>
      const handles = [value!, firstMoment!, secondMoment!].map((tensor) => {
        const shape = { name: 'shape', type: TF_ATTR_SHAPE, value: tensor.shape }
        const sharedName = { name: 'shared_name', type: TF_ATTR_STRING, value: ANONYMOUS_NAME }
        const container = { name: 'container', type: TF_ATTR_STRING, value: '' }
        const [handle] = run('VarHandleOp', [dtype, shape, sharedName, container], [], 1)
        run('AssignVariableOp', [dtype], [handle!, tensor], 0)
        return handle!
      })
      const [beta1, beta2] = [tf.scalar(attrs!['beta1'] as number), tf.scalar(attrs!['beta2'] as number)]
      run(
        'ResourceApplyAdam',
        [
          { name: 'T', type: TF_ATTR_TYPE, value: DT_FLOAT },
          { name: 'use_locking', type: TF_ATTR_BOOL, value: false },
          { name: 'use_nesterov', type: TF_ATTR_BOOL, value: false },
        ],
        [...handles, beta1Power!, beta2Power!, learningRate!, beta1, beta2, scaledEpsilon!, gradient!],
        0,
      )
      return handles.map((handle) => run('ReadVariableOp', [dtype], [handle], 1)[0]!)
    }),
}

/** Makes TensorFlow's own op the kernel of `adamUpdate` on the native backend. */
export function registerNativeAdam(): void {
  if (tf.getKernel(ADAM_UPDATE, 'tensorflow') == null) tf.registerKernel(native)
}
