import * as tf from '@tensorflow/tfjs'
import { ForwardPass, seededNoise, variationalDense } from '@tfjs-bayes/layers'
import { expect, test } from 'vitest'
import { categorical } from './categorical.ts'
import { gaussian } from './gaussian.ts'
import type { Likelihood } from './likelihood.ts'
import { negativeLogLikelihood } from './negativeLogLikelihood.ts'

const x = tf.randomNormal([8, 3], 0, 1, 'float32', 1)

test.each<[string, Likelihood, tf.Tensor, tf.Tensor]>([
  [
    'gaussian',
    gaussian({ sigma: 0.5 }),
    tf.randomNormal([8, 2], 0, 1, 'float32', 2),
    tf.randomNormal([8, 2], 0, 1, 'float32', 2),
  ],
  [
    'categorical, one-hot',
    categorical(),
    tf.oneHot(tf.tensor1d([0, 1, 1, 0, 1, 0, 0, 1], 'int32'), 2),
    tf.tensor1d([0, 1, 1, 0, 1, 0, 0, 1], 'int32'),
  ],
])('model.fit with %s minimizes mean NLL + KL / N', async (_, likelihood, y, prepared) => {
  const layer = variationalDense({ units: 2, inputShape: [3], initialSigma: 0.3, seed: 4, datasetSize: 40 })
  const model = tf.sequential({ layers: [layer] })
  // What the layer's own first draw gives.
  const expected = tf.tidy(() => {
    const pass = new ForwardPass({ mode: 'sample', noise: seededNoise(4, 0) })
    const outputs = model.apply(x, { pass }) as tf.Tensor
    const nll = tf.neg(tf.mean(likelihood.logLikelihood(outputs, prepared)))
    return nll.add(pass.kl().div(40)).dataSync()[0]!
  })
  model.compile({ optimizer: tf.train.sgd(0.1), loss: negativeLogLikelihood(likelihood) })
  const { history } = await model.fit(x, y, { epochs: 60, batchSize: 8, shuffle: false, verbose: 0 })
  expect(history['loss']![0]).toBeCloseTo(expected, 4)
  const last = history['loss']!.slice(-10) as number[]
  expect(last.reduce((a, b) => a + b) / 10).toBeLessThan(0.95 * expected)
})
