import * as tf from '@tensorflow/tfjs'
import { choleskyOf, solveLower } from './float64.ts'

// tfjs has neither a Cholesky factorization nor a triangular solve. TensorFlow has both, and tfjs-node's backend can execute any TensorFlow op; on other
// backends a TypeScript twin does the work in float64. Both are ordinary tfjs kernels, so a step that uses them can be compiled to a graph.

/** TensorFlow's name of the factorization, and of the kernel here. */
export const CHOLESKY = 'Cholesky'
/** TensorFlow's name of the solve, and of the kernel here. */
export const TRIANGULAR_SOLVE = 'MatrixTriangularSolve'

interface TensorFlowBackend extends tf.KernelBackend {
  readonly binding: { readonly TF_ATTR_TYPE: number; readonly TF_ATTR_BOOL: number }
  executeSingleOutput(op: string, attributes: readonly object[], inputs: readonly tf.Tensor[]): tf.Tensor
}

/** TensorFlow's number for float32. */
const FLOAT = 1

/**
 * Runs one of the two kernels on the current backend, which gets it at first use.
 *
 * @param inputs float32 tensors that are consistent already: the kernels check nothing
 */
export function runLinearAlgebra(
  kernel: typeof CHOLESKY | typeof TRIANGULAR_SOLVE,
  inputs: tf.NamedTensorMap,
  attributes: { readonly adjoint?: boolean },
): tf.Tensor {
  const backendName = tf.getBackend()
  if (tf.getKernel(kernel, backendName) == null) register(kernel, backendName)
  return tf.engine().runKernel(kernel, inputs, attributes) as tf.Tensor
}

function register(kernelName: string, backendName: string): void {
  const isTensorFlow = 'executeSingleOutput' in tf.backend()
  const kernelFunc: tf.KernelFunc = ({ inputs, attrs, backend }) => {
    const given = Object.values(inputs) as tf.Tensor[]
    if (isTensorFlow) return native(kernelName, backend as TensorFlowBackend, given, attrs ?? {})
    return twin(kernelName, backend as tf.KernelBackend, given, attrs ?? {})
  }
  tf.registerKernel({ kernelName, backendName, kernelFunc })
}

function native(
  kernelName: string,
  backend: TensorFlowBackend,
  inputs: readonly tf.Tensor[],
  attributes: tf.NamedAttrMap,
): tf.Tensor {
  const { TF_ATTR_TYPE, TF_ATTR_BOOL } = backend.binding
  const type = { name: 'T', type: TF_ATTR_TYPE, value: FLOAT }
  const flags = [
    { name: 'lower', type: TF_ATTR_BOOL, value: true },
    { name: 'adjoint', type: TF_ATTR_BOOL, value: attributes['adjoint'] === true },
  ]
  return backend.executeSingleOutput(kernelName, kernelName === CHOLESKY ? [type] : [...flags, type], inputs)
}

function twin(
  kernelName: string,
  backend: tf.KernelBackend,
  inputs: readonly tf.Tensor[],
  attributes: tf.NamedAttrMap,
): tf.TensorInfo {
  const [first, second] = inputs.map((input) => backend.readSync(input.dataId) as Float32Array)
  const shape = inputs.at(-1)!.shape
  const [rows, columns] = shape.slice(-2) as [number, number]
  const values = new Float32Array(tf.util.sizeFromShape(shape))
  const step = rows * columns
  for (let i = 0; i * step < values.length; i++) {
    const square = first!.subarray(i * rows * rows, (i + 1) * rows * rows)
    const result =
      kernelName === CHOLESKY
        ? choleskyOf(square, rows).factor
        : solveLower(square, second!.subarray(i * step, (i + 1) * step), rows, columns, attributes['adjoint'] === true)
    values.set(result, i * step)
  }
  return { dataId: backend.write(values, shape, 'float32'), shape, dtype: 'float32' }
}
