import * as tf from '@tensorflow/tfjs'
import { broadcastShape } from '../parameter.ts'
import { runLinearAlgebra, TRIANGULAR_SOLVE } from './kernels.ts'
import { lowerTriangle } from './matrices.ts'

/** Options of {@link triangularSolve}. */
export interface TriangularSolveOptions {
  /** Whether to solve with L^T. Default false. */
  readonly adjoint?: boolean
}

/**
 * L^-1 B, or L^-T B, for a lower triangular L.
 *
 * @param l [..., n, n]; only its lower triangle is read
 * @param b [..., n, m]; the leading axes broadcast
 * @returns [..., n, m]; the caller owns it
 */
export function triangularSolve(l: tf.Tensor, b: tf.Tensor, options: TriangularSolveOptions = {}): tf.Tensor {
  const { adjoint = false } = options
  const batch = broadcastShape('triangularSolve', { l: l.shape.slice(0, -2), b: b.shape.slice(0, -2) })
  const spread = (x: tf.Tensor): tf.Tensor => tf.broadcastTo(x, [...batch, ...x.shape.slice(-2)])
  return tf.tidy(() => runLinearAlgebra(GRADIENT, { l: spread(l), b: spread(b) }, { adjoint }))
}

/** With X = L^-1 B: dB = L^-T dX, dL = -tril(dB X^T); for L^-T B likewise. tfjs computes only what is asked for, each in a tf.tidy of its own. */
const GRADIENT: tf.GradConfig = {
  kernelName: TRIANGULAR_SOLVE,
  inputsToSave: ['l'],
  outputsToSave: [true],
  gradFunc: (dy, saved, attributes) => {
    const [l, x] = saved as [tf.Tensor, tf.Tensor]
    const adjoint = attributes['adjoint'] === true
    const byB = (): tf.Tensor => triangularSolve(l, dy as tf.Tensor, { adjoint: !adjoint })
    const byL = (): tf.Tensor => (adjoint ? tf.matMul(x, byB(), false, true) : tf.matMul(byB(), x, false, true))
    return { l: () => tf.neg(lowerTriangle(byL())), b: byB }
  },
}
