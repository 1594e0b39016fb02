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
 * Runs one of the two kernels on the current backend, which gets it at first use, as tfjs gets its gradient.
 *
 * @param gradient names the kernel and holds its gradient
 * @param inputs float32 tensors that are consistent already: the kernels check nothing
 */
export function runLinearAlgebra(
  gradient: tf.GradConfig,
  inputs: tf.NamedTensorMap,
  attributes: { readonly adjoint?: boolean },
): tf.Tensor {
  const { kernelName } = gradient
  const backendName = tf.getBackend()
  if (tf.getKernel(kernelName, backendName) == null) registerKernel(kernelName, backendName)
  if (tf.getGradient(kernelName) == null) tf.registerGradient(gradient)
  return tf.engine().runKernel(kernelName, inputs, attributes) as tf.Tensor
}

/** TensorFlow's own gradient of the factorization, in half the time of the formula; undefined on a backend that is not TensorFlow. */
export function nativeCholeskyGradient(factor: tf.Tensor, dy: tf.Tensor): tf.Tensor | undefined {
  const backendName = tf.getBackend()
  if (!isTensorFlow(tf.backend())) return undefined
  if (tf.getKernel(CHOLESKY_GRADIENT, backendName) == null) registerKernel(CHOLESKY_GRADIENT, backendName)
  return tf.engine().runKernel(CHOLESKY_GRADIENT, { factor, dy }) as tf.Tensor
}

const CHOLESKY_GRADIENT = 'CholeskyGrad'

function isTensorFlow(backend: tf.KernelBackend): backend is TensorFlowBackend {
  return 'executeSingleOutput' in backend
}

function registerKernel(kernelName: string, backendName: string): void {
  const kernelFunc: tf.KernelFunc = ({ inputs, attrs, backend }) => {
    const given = Object.values(inputs) as tf.Tensor[]
    const on = backend as tf.KernelBackend
    return isTensorFlow(on) ? native(kernelName, on, given, attrs ?? {}) : twin(kernelName, on, given, attrs ?? {})
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
  return backend.executeSingleOutput(kernelName, kernelName === TRIANGULAR_SOLVE ? [...flags, type] : [type], inputs)
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
