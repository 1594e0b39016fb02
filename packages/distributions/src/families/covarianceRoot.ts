import * as tf from '@tensorflow/tfjs'
import { cholesky } from '../linalg/cholesky.ts'
import { lowerSolve } from '../linalg/lowerSolve.ts'
import { diagonalOf, flipped, fromDiagonal, lowerTriangle, transposed } from '../linalg/matrices.ts'
import { triangularSolve } from '../linalg/triangularSolve.ts'

/**
 * The lower triangular root L of a covariance L L^T, in whatever form it is known: everything about a multivariate normal distribution follows from
 * products with L and solves with L.
 */
export interface CovarianceRoot {
  /** L, [..., n, n]. */
  readonly matrix: () => tf.Tensor
  /** The diagonal of L, [..., n]. */
  readonly diagonal: () => tf.Tensor
  /** L V for columns V, [..., n, m]. */
  readonly times: (columns: tf.Tensor) => tf.Tensor
  /** L^-1 V for columns V, [..., n, m]. */
  readonly solve: (columns: tf.Tensor) => tf.Tensor
  /** L^-1 B for lower triangular B, [..., n, n]. */
  readonly solveLower: (b: tf.Tensor) => tf.Tensor
}

/** The root of a diagonal covariance, from the standard deviations [..., n]: never a matrix unless asked for one. */
export function diagonalRoot(sigma: tf.Tensor): CovarianceRoot {
  return {
    matrix: () => fromDiagonal(sigma),
    diagonal: () => sigma,
    times: (columns) => tf.mul(tf.expandDims(sigma, -1), columns),
    solve: (columns) => tf.div(columns, tf.expandDims(sigma, -1)),
    solveLower: (b) => tf.div(b, tf.expandDims(sigma, -1)),
  }
}

/** The root given as a factor, of which only the lower triangle is read. */
export function factorRoot(factor: tf.Tensor): CovarianceRoot {
  return lowerRoot(lowerTriangle(factor))
}

/** The root of a covariance given as such. */
export function covarianceRoot(covariance: tf.Tensor): CovarianceRoot {
  return lowerRoot(cholesky(covariance))
}

/**
 * The root of the covariance that is the inverse of a precision P. The Cholesky factor of P with rows and columns in reverse order, reversed again, is an
 * upper triangular U with P = U U^T; so L^-1 = U^T, lower triangular, without any inverse.
 */
export function precisionRoot(precision: tf.Tensor): CovarianceRoot {
  const inverse = transposed(flipped(cholesky(flipped(precision))))
  return {
    matrix: () => lowerSolve(inverse, tf.eye(precision.shape.at(-1)!)),
    diagonal: () => tf.div(1, diagonalOf(inverse)),
    times: (columns) => triangularSolve(inverse, columns),
    solve: (columns) => tf.matMul(inverse, columns),
    solveLower: (b) => tf.matMul(inverse, b),
  }
}

function lowerRoot(lower: tf.Tensor): CovarianceRoot {
  return {
    matrix: () => lower,
    diagonal: () => diagonalOf(lower),
    times: (columns) => tf.matMul(lower, columns),
    solve: (columns) => triangularSolve(lower, columns),
    solveLower: (b) => lowerSolve(lower, b),
  }
}
