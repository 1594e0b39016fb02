import * as tf from '@tensorflow/tfjs'
import { expectTensorsClose, normalPValue } from '@tfjs-bayes/testing'
import { expect, test } from 'vitest'
import { ForwardPass } from '../forwardPass.ts'
import { variationalDense } from '../layers/variationalDense.ts'
import { givenNoise } from '../noise/givenNoise.ts'
import { seededNoise } from '../noise/seededNoise.ts'

test('is a dense layer with weights of each row’s own: mu + sigma * eps times the outer product of its signs', () => {
  tf.tidy(() => {
    const layer = variationalDense({ units: 2, estimator: 'flipout', useBias: false })
    const x = tf.tensor2d([
      [1, 2, 3],
      [4, -5, 6],
    ])
    layer.apply(x)
    const eps = seededNoise(1, 0)([3, 2], 0)
    const r = tf.tensor2d([
      [1, -1, 1],
      [-1, -1, 1],
    ])
    const s = tf.tensor2d([
      [-1, 1],
      [1, -1],
    ])
    const y = layer.apply(x, { pass: new ForwardPass({ mode: 'sample', noise: givenNoise([eps, r, s]) }) }) as tf.Tensor
    const { mu, sigma } = layer.posterior().kernel
    const rows = [0, 1].map((row) => {
      const [rowR, rowS] = [r, s].map((signs) => signs.slice([row, 0], [1, -1]))
      const weights = tf.add(mu, tf.mul(sigma, eps).mul(tf.matMul(rowR!, rowS!, true)))
      return tf.matMul(x.slice([row, 0], [1, -1]), weights)
    })
    expectTensorsClose(y, tf.concat(rows))
  })
})

test('takes a number that is exactly 0 for a plus', () => {
  tf.tidy(() => {
    const layer = variationalDense({ units: 1, estimator: 'flipout', useBias: false })
    const x = tf.ones([1, 1])
    layer.apply(x)
    const noise = givenNoise([tf.ones([1, 1]), tf.zeros([1, 1]), tf.zeros([1, 1])])
    const { mu, sigma } = layer.posterior().kernel
    expectTensorsClose(layer.apply(x, { pass: new ForwardPass({ mode: 'sample', noise }) }) as tf.Tensor, tf.add(mu, sigma))
  })
})

test('gives the rows of a batch uncorrelated noise', () => {
  tf.tidy(() => {
    const rows = 4000
    const layer = variationalDense({ units: 1, estimator: 'flipout', initialSigma: 1, kernelInitializer: 'zeros' })
    const x = tf.ones([rows, 6])
    const y = layer.apply(x, { pass: new ForwardPass({ mode: 'sample', noise: seededNoise(4, 0) }) }) as tf.Tensor
    const [left, right] = [y.slice([0, 0], [rows / 2, 1]), y.slice([rows / 2, 0], [rows / 2, 1])]
    const z = (left.mul(right).mean().dataSync()[0]! / y.square().mean().dataSync()[0]!) * Math.sqrt(rows / 2)
    expect(normalPValue(z), `seed 4, z ${z}`).toBeGreaterThan(1e-6)
  })
})
