import type * as tf from '@tensorflow/tfjs'
import { InvalidParameterError } from '../errors.ts'
import { indexOf } from '../parameter.ts'
import { choleskyOf } from './float64.ts'

/** How far two elements that should be equal may differ, relative to the root of the product of their diagonal elements: rounding, not error. */
const ASYMMETRY = 1e-4

/**
 * Reads matrices and refuses one that is not symmetric or not positive definite.
 *
 * @param matrices [..., n, n], finite
 * @throws InvalidParameterError with the index and the values
 */
export function checkCovariance(family: string, name: string, matrices: tf.Tensor): void {
  forEachMatrix(matrices, (a, n, batch) => {
    const at = (...index: readonly (number | string)[]): string => `${name}[${[...batch, ...index]}]`
    for (let i = 0; i < n; i++) {
      const diagonal = a[i * n + i]!
      if (!(diagonal > 0)) throw new InvalidParameterError(`${family}: ${at(i, i)} is ${diagonal}; expected a diagonal > 0.`)
      for (let j = 0; j < i; j++) {
        const [below, above] = [a[i * n + j]!, a[j * n + i]!]
        if (Math.abs(below - above) <= ASYMMETRY * Math.sqrt(diagonal * a[j * n + j]!)) continue
        throw new InvalidParameterError(
          `${family}: ${at(i, j)} is ${below} and ${at(j, i)} is ${above}; expected a symmetric matrix. The mean of it and its transpose is one.`,
        )
      }
    }
    const { failure } = choleskyOf(a, n)
    if (failure) {
      throw new InvalidParameterError(
        `${family}: ${at(':', ':')} is not positive definite: the Cholesky factorization meets ${failure.pivot} at row ${failure.row}; expected > 0. Adding a small number to the diagonal helps if that is rounding.`,
      )
    }
  })
}

/**
 * Reads matrices and refuses one that is no Cholesky factor: not lower triangular, or with a diagonal that is not positive.
 *
 * @param matrices [..., n, n], finite
 * @throws InvalidParameterError with the index and the value
 */
export function checkCholeskyFactor(family: string, name: string, matrices: tf.Tensor): void {
  forEachMatrix(matrices, (l, n, batch) => {
    for (let i = 0; i < n; i++) {
      for (let j = i; j < n; j++) {
        const value = l[i * n + j]!
        if (i === j ? value > 0 : value === 0) continue
        const expected = i === j ? 'a diagonal > 0' : '0 above the diagonal'
        throw new InvalidParameterError(`${family}: ${name}[${[...batch, i, j]}] is ${value}; expected ${expected}.`)
      }
    }
  })
}

function forEachMatrix(
  matrices: tf.Tensor,
  check: (values: ArrayLike<number>, n: number, batch: readonly number[]) => void,
): void {
  const n = matrices.shape.at(-1)!
  const values = matrices.dataSync()
  const batch = matrices.shape.slice(0, -2)
  for (let i = 0; i * n * n < values.length; i++) check(values.subarray(i * n * n, (i + 1) * n * n), n, indexOf(i, batch))
}
