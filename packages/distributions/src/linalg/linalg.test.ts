import * as tf from '@tensorflow/tfjs'
import { expectNoLeak, expectTensorsClose, finiteDifference } from '@tfjs-bayes/testing'
import { expect, test } from 'vitest'
import { parkMiller, product, randomFactor, transpose } from '../../test/linearAlgebra64.ts'
import { cholesky } from './cholesky.ts'
import { choleskyOf, solveLower } from './float64.ts'
import { diagonalOf, flipped, fromDiagonal, lowerTriangle } from './matrices.ts'
import { triangularSolve } from './triangularSolve.ts'

const factors = [1, 2, 7].map((n) => randomFactor(n, parkMiller(n)))
const tensor = (rows: readonly (readonly number[])[]): tf.Tensor2D => tf.tensor2d(rows.map((row) => [...row]))

test('cholesky gives back the factor, batched too', async () => {
  await expectNoLeak(() =>
    tf.tidy(() => {
      for (const factor of factors) {
        const a = tensor(product(factor, transpose(factor)))
        expectTensorsClose(cholesky(a), tensor(factor), { absolute: 2e-6, relative: 1e-5 })
        const batch = tf.stack([a, tf.mul(a, 4)])
        expectTensorsClose(cholesky(batch), tf.stack([tensor(factor), tf.mul(tensor(factor), 2)]), {
          absolute: 4e-6,
          relative: 1e-5,
        })
      }
    }),
  )
})

test('triangularSolve undoes the product with L and with its transpose, reading the lower triangle only', async () => {
  await expectNoLeak(() =>
    tf.tidy(() => {
      for (const factor of factors) {
        const n = factor.length
        const l = tensor(factor)
        const x = tf.reshape(tf.range(1, 2 * n + 1), [n, 2])
        const dirty = tf.add(l, tf.sub(tf.ones([n, n]), lowerTriangle(tf.ones([n, n]))))
        expectTensorsClose(triangularSolve(dirty, tf.matMul(l, x)), x, { relative: 1e-4, absolute: 1e-4 })
        expectTensorsClose(triangularSolve(dirty, tf.matMul(l, x, true, false), { adjoint: true }), x, {
          relative: 1e-4,
          absolute: 1e-4,
        })
        const many = triangularSolve(l, tf.stack([x, tf.mul(x, 2), tf.mul(x, 3)]))
        expectTensorsClose(many, tf.stack([1, 2, 3].map((k) => tf.mul(triangularSolve(l, x), k))), { relative: 1e-5 })
      }
    }),
  )
})

test('gradients are those of finite differences', async () => {
  await expectNoLeak(() =>
    tf.tidy(() => {
      const l = tensor(randomFactor(3, parkMiller(11)))
      const b = tf.tensor2d([
        [0.5, -1],
        [2, 0.3],
        [-0.7, 1.1],
      ])
      const weights = tf.tensor2d([
        [1, 2],
        [-0.5, 0.7],
        [0.3, -1.2],
      ])
      for (const adjoint of [false, true]) {
        const f = (matrix: tf.Tensor, right: tf.Tensor): tf.Tensor =>
          tf.mul(tf.sin(triangularSolve(matrix, right, { adjoint })), weights)
        const [dl, db] = tf.grads((matrix: tf.Tensor, right: tf.Tensor) => tf.sum(f(matrix, right)))([l, b])
        expectTensorsClose(
          dl!,
          tf.tensor(
            finiteDifference((moved) => f(moved, b), l),
            [3, 3],
          ),
          { relative: 3e-3, absolute: 2e-3 },
        )
        expectTensorsClose(
          db!,
          tf.tensor(
            finiteDifference((moved) => f(l, moved), b),
            [3, 2],
          ),
          { relative: 3e-3, absolute: 2e-3 },
        )
      }
      // The gradient of a symmetric matrix: moved through a free one, A = (F + F^T) / 2.
      const free = tf.add(tf.matMul(l, l, false, true), lowerTriangle(tf.fill([3, 3], 0.2), 'strict'))
      const g = (f: tf.Tensor): tf.Tensor => tf.sin(cholesky(tf.mul(tf.add(f, tf.transpose(f)), 0.5)))
      const gradient = tf.grad((f: tf.Tensor) => tf.sum(g(f)))(free)
      expectTensorsClose(gradient, tf.tensor(finiteDifference(g, free), [3, 3]), { relative: 3e-3, absolute: 2e-3 })
    }),
  )
})

test('a broadcast factor collects the gradients of all right-hand sides', () => {
  tf.tidy(() => {
    const l = tensor(randomFactor(2, parkMiller(5)))
    const right = tf.tensor3d([
      [[1], [2]],
      [[-1], [0.5]],
    ])
    const together = tf.grad((matrix: tf.Tensor) => tf.sum(tf.square(triangularSolve(matrix, right))))(l)
    const apart = tf
      .unstack(right)
      .map((each) => tf.grad((matrix: tf.Tensor) => tf.sum(tf.square(triangularSolve(matrix, each))))(l))
    expectTensorsClose(together, tf.addN(apart))
  })
})

test('the float64 twins say where a factorization breaks down', () => {
  expect(choleskyOf([4, 9, 2, 1], 2)).toMatchObject({ failure: { row: 1, pivot: 0 } })
  const { factor } = choleskyOf([4, 0, 2, 5], 2)
  expect([...factor]).toEqual([2, 0, 1, 2])
  expect([...solveLower(factor, [2, 5], 2, 1, false)]).toEqual([1, 2])
  expect([...solveLower(factor, [4, 4], 2, 1, true)]).toEqual([1, 2])
})

test('diagonals and flips', () => {
  tf.tidy(() => {
    const x = tf.tensor3d([
      [
        [1, 2],
        [3, 4],
      ],
      [
        [5, 6],
        [7, 8],
      ],
    ])
    expectTensorsClose(diagonalOf(x), [
      [1, 4],
      [5, 8],
    ])
    expectTensorsClose(fromDiagonal(tf.tensor1d([2, 3])), [
      [2, 0],
      [0, 3],
    ])
    expectTensorsClose(flipped(x), [
      [
        [4, 3],
        [2, 1],
      ],
      [
        [8, 7],
        [6, 5],
      ],
    ])
    expectTensorsClose(lowerTriangle(x, 'strict'), [
      [
        [0, 0],
        [3, 0],
      ],
      [
        [0, 0],
        [7, 0],
      ],
    ])
  })
})
