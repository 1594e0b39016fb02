import * as tf from '@tensorflow/tfjs'
import { expectNoLeak, expectTensorsClose, finiteDifference } from '@tfjs-bayes/testing'
import { expect, test } from 'vitest'
import { ShapeMismatchError } from '../errors.ts'
import { categoricalLogLikelihood } from './categoricalLogLikelihood.ts'
import { gaussianLogLikelihood } from './gaussianLogLikelihood.ts'

const infinity = Number.POSITIVE_INFINITY

test('categorical: log softmax at the label, also for huge logits, any leading shape', () => {
  tf.tidy(() => {
    const rows = [
      [1, 2, 3],
      [1000, 0, -1000],
      [-1e4, -1e4, -1e4],
      [0, -infinity, 0],
    ]
    const labels = [2, 1, 0, 0]
    const expected = rows.map((row, i) => {
      const most = Math.max(...row)
      return row[labels[i]!]! - most - Math.log(row.reduce((sum, logit) => sum + Math.exp(logit - most), 0))
    })
    expectTensorsClose(categoricalLogLikelihood(tf.tensor2d(rows), tf.tensor1d(labels, 'int32')), expected)
    const three = categoricalLogLikelihood(tf.reshape(tf.tensor2d(rows), [2, 2, 3]), tf.tensor2d(labels, [2, 2], 'int32'))
    expectTensorsClose(three, tf.tensor2d(expected, [2, 2]))
    expectTensorsClose(categoricalLogLikelihood(tf.tensor1d([0, 0]), tf.scalar(1, 'int32')), tf.scalar(-Math.LN2))
  })
})

test('categorical: the gradient is one-hot minus softmax, finite beside a logit of -Infinity, and nothing leaks', async () => {
  await expectNoLeak(() =>
    tf.tidy(() => {
      const logits = tf.tensor2d([
        [0.3, -1, 2],
        [1, -infinity, 0],
      ])
      const labels = tf.tensor1d([0, 2], 'int32')
      const gradient = tf.grad((x: tf.Tensor) => tf.sum(categoricalLogLikelihood(x, labels)))(logits)
      expectTensorsClose(gradient, tf.sub(tf.oneHot(labels, 3), tf.softmax(logits)))
    }),
  )
})

test('categorical: a label that is no class has probability 0 and no gradient', () => {
  tf.tidy(() => {
    const labels = tf.tensor1d([-1, 3, 1], 'int32')
    const loss = (x: tf.Tensor): tf.Tensor => categoricalLogLikelihood(x, labels)
    expectTensorsClose(loss(tf.zeros([3, 3])), [-infinity, -infinity, -Math.log(3)])
    expectTensorsClose(
      tf
        .grad((x: tf.Tensor) => tf.sum(loss(x)))(tf.zeros([2, 3]).concat(tf.ones([1, 3])))
        .slice(0, 2),
      tf.zeros([2, 3]),
    )
  })
})

test('categorical: wrong shapes and dtypes are named errors', () => {
  tf.tidy(() => {
    const logits = tf.zeros([2, 3])
    expect(() => categoricalLogLikelihood(logits, tf.zeros([3], 'int32'))).toThrow(ShapeMismatchError)
    expect(() => categoricalLogLikelihood(logits, tf.zeros([2]))).toThrow(/labels float32 \[2\]; expected .*not one-hot/)
    expect(() => categoricalLogLikelihood(logits, tf.zeros([2, 3], 'int32'))).toThrow(ShapeMismatchError)
    expect(() => categoricalLogLikelihood(tf.scalar(1), tf.zeros([], 'int32'))).toThrow(ShapeMismatchError)
  })
})

test('gaussian: has its constant, and gradients of finite differences', () => {
  tf.tidy(() => {
    const y = tf.tensor1d([0, 2])
    expectTensorsClose(gaussianLogLikelihood(y, { mu: 0, sigma: 1 }), [-0.9189385332046727, -2.9189385332046727])
    const sigma = tf.tensor1d([0.5, 2])
    const loss = (s: tf.Tensor): tf.Tensor => gaussianLogLikelihood(y, { mu: 0.3, sigma: s })
    expectTensorsClose(tf.grad((s: tf.Tensor) => tf.sum(loss(s)))(sigma), finiteDifference(loss, sigma), { relative: 2e-3 })
  })
})
