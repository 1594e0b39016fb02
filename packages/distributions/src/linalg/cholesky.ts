import * as tf from '@tensorflow/tfjs'
import { CHOLESKY, nativeCholeskyGradient, runLinearAlgebra } from './kernels.ts'
import { lowerTriangle, transposed } from './matrices.ts'
import { triangularSolve } from './triangularSolve.ts'

/**
 * The lower triangular L with L L^T = A.
 *
 * The gradient is that of a symmetric A, symmetric itself (Murray, 2016, "Differentiation of the Cholesky decomposition", eq. 10):
 *
 *     dA = (S + S^T) / 2,   S = L^-T tril'(L^T dL) L^-1,   tril' halving the diagonal
 *
 * @param a [..., n, n], symmetric and positive definite; only its lower triangle is read, and NaN comes of one that is not positive definite
 * @returns [..., n, n]; the caller owns it
 */
export function cholesky(a: tf.Tensor): tf.Tensor {
  return runLinearAlgebra(GRADIENT, { a }, {})
}

const GRADIENT: tf.GradConfig = {
  kernelName: CHOLESKY,
  outputsToSave: [true],
  gradFunc: (dy, saved) => ({
    a: () => nativeCholeskyGradient(saved[0]!, dy as tf.Tensor) ?? choleskyGradient(saved[0]!, dy as tf.Tensor),
  }),
}

function choleskyGradient(l: tf.Tensor, dy: tf.Tensor): tf.Tensor {
  const inner = tf.matMul(l, dy, true, false)
  const halved = tf.mul(tf.add(lowerTriangle(inner), lowerTriangle(inner, 'strict')), 0.5)
  const left = triangularSolve(l, halved, { adjoint: true })
  const s = triangularSolve(l, transposed(left), { adjoint: true })
  return tf.mul(tf.add(s, transposed(s)), 0.5)
}
