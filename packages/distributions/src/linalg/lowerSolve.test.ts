import * as tf from '@tensorflow/tfjs'
import { expectNoLeak, expectTensorsClose } from '@tfjs-bayes/testing'
import { expect, test } from 'vitest'
import { lowerSolve } from './lowerSolve.ts'
import { lowerTriangle } from './matrices.ts'
import { triangularSolve } from './triangularSolve.ts'

/** Lower triangular, with a diagonal far from 0. */
function lower(n: number, seed: number, batch: readonly number[] = []): tf.Tensor {
  return tf.tidy(() => {
    const random = tf.randomUniform([...batch, n, n], -1 / n, 1 / n, 'float32', seed)
    return tf.add(lowerTriangle(random), tf.eye(n))
  })
}

test.each<[number, readonly number[]]>([
  [1, []],
  [5, [2]],
  [256, []],
  [257, []],
  [300, [2]],
])('for %i rows and a batch of [%j]: values and gradients of the solve that knows nothing of B', async (n, batch) => {
  await expectNoLeak(() =>
    tf.tidy(() => {
      const [l, b, weights] = [lower(n, 1, batch), lower(n, 2), tf.randomUniform([n, n], -1, 1, 'float32', 3)]
      const x = lowerSolve(l, b)
      expectTensorsClose(x, triangularSolve(l, b), { absolute: 1e-5 })
      expectTensorsClose(x, lowerTriangle(x), { absolute: 0, relative: 0 })
      const gradients = (solve: typeof lowerSolve): tf.Tensor[] =>
        tf.grads((at: tf.Tensor, right: tf.Tensor) =>
          tf.sum(tf.mul(tf.square(lowerTriangle(solve(at, lowerTriangle(right)))), weights)),
        )([l, b])
      const expected = gradients((at, right) => triangularSolve(at, right))
      gradients(lowerSolve).forEach((gradient, i) => {
        expectTensorsClose(gradient, expected[i]!, { absolute: 1e-4, relative: 1e-4 })
      })
    }),
  )
})

test('leading axes that do not broadcast are refused', () => {
  tf.tidy(() => {
    expect(() => lowerSolve(lower(2, 1, [2]), lower(2, 1, [3]))).toThrow(/lowerSolve: shapes do not broadcast/)
  })
})
