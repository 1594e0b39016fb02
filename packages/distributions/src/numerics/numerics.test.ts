import * as tf from '@tensorflow/tfjs'
import { expectNoLeak, expectTensorsClose } from '@tfjs-bayes/testing'
import { expect, test } from 'vitest'
import { InvalidParameterError } from '../errors.ts'
import { safeSqrt } from './safeSqrt.ts'
import { inverseSoftplus, softplus } from './softplus.ts'

test('softplus is exact in both tails, with gradient sigmoid', () => {
  tf.tidy(() => {
    const rho = [-80, -30, -14, -7, -1, 0, 1, 20, 1000]
    const x = tf.tensor1d(rho)
    expectTensorsClose(
      softplus(x),
      rho.map((r) => (r > 0 ? r + Math.log1p(Math.exp(-r)) : Math.log1p(Math.exp(r)))),
      { absolute: 0, relative: 1e-6 },
    )
    expectTensorsClose(
      tf.grad((t: tf.Tensor) => tf.sum(softplus(t)))(x),
      rho.map((r) => 1 / (1 + Math.exp(-r))),
      { absolute: 0, relative: 1e-6 },
    )
  })
})

test('inverseSoftplus undoes softplus from 1e-30 to 1e4', () => {
  for (const y of [1e-30, 1e-6, 0.01, 0.5, 1, 20, 1e4]) {
    const x = inverseSoftplus(y)
    const back = x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x))
    expect(Math.abs(back / y - 1)).toBeLessThan(1e-12)
  }
  for (const y of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) expect(() => inverseSoftplus(y)).toThrow(InvalidParameterError)
})

test('safeSqrt has gradient 0 at 0, the root’s own elsewhere, and does not leak', async () => {
  await expectNoLeak(() =>
    tf.tidy(() => {
      const x = tf.tensor1d([0, 4, 1e-12, -1e-9])
      expectTensorsClose(safeSqrt(x), [0, 2, 1e-6, 0], { absolute: 0 })
      expectTensorsClose(tf.grad((t: tf.Tensor) => tf.sum(safeSqrt(t)))(x), [0, 0.25, 5e5, 0], { absolute: 0 })
      const row = tf.zeros([1, 3])
      const gradient = tf.grad((v: tf.Tensor) => tf.sum(safeSqrt(tf.matMul(tf.square(row), v as tf.Tensor2D))))(tf.ones([3, 2]))
      expectTensorsClose(gradient, tf.zeros([3, 2]))
    }),
  )
})
