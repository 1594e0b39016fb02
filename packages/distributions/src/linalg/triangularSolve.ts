import * as tf from '@tensorflow/tfjs'
import { sumTo } from '../numerics/elementwise.ts'
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
  const compute = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const [matrix, right] = args as [tf.Tensor, tf.Tensor]
    const save = args[2] as tf.GradSaveFunc
    const x = runLinearAlgebra(TRIANGULAR_SOLVE, { l: spread(matrix), b: spread(right) }, { adjoint })
    save([matrix, x])
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor[] => {
      const [factor, solution] = saved as [tf.Tensor, tf.Tensor]
      const byB = triangularSolve(factor, dy, { adjoint: !adjoint })
      const outer = adjoint ? tf.matMul(solution, byB, false, true) : tf.matMul(byB, solution, false, true)
      return [sumTo(tf.neg(lowerTriangle(outer)), l.shape), sumTo(byB, b.shape)]
    }
    return { value: x, gradFunc }
  })
  return tf.tidy(() => compute(l, b))
}
