import * as tf from '@tensorflow/tfjs'
import { ForwardPass, variationalDense } from '@tfjs-bayes/layers'
import { expectNoLeak } from '@tfjs-bayes/testing'
import { expect, test } from 'vitest'
import { InvalidOptionError, InvalidTargetError, ShapeMismatchError } from '../errors.ts'
import { categorical } from '../likelihoods/categorical.ts'
import { errorRate } from '../metrics/errorRate.ts'
import { nll } from '../metrics/nll.ts'
import { evaluateElbo } from './evaluateElbo.ts'

const likelihood = categorical()
const ROWS = 23
const bayesian = (): tf.LayersModel =>
  tf.sequential({ layers: [variationalDense({ units: 3, inputShape: [4], initialSigma: 0.2, seed: 1 })] })
const data = {
  x: tf.randomNormal([ROWS, 4], 0, 1, 'float32', 3),
  y: tf.tensor1d(
    Array.from({ length: ROWS }, (_, i) => i % 3),
    'int32',
  ),
}

test('unequal batches are weighted by their rows: the figures of the whole data set', async () => {
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [4] })] })
  const probabilities = tf.tidy(() => tf.softmax(model.predict(data.x) as tf.Tensor))
  for (const batchSize of [5, 22, 23, 1000]) {
    const evaluation = await evaluateElbo(model, data, { likelihood, datasetSize: ROWS, seed: 1, batchSize })
    expect(evaluation.nll).toBeCloseTo(nll(probabilities, data.y), 5)
    expect(evaluation.error).toBeCloseTo(errorRate(probabilities, data.y), 5)
    expect(evaluation).toMatchObject({ kl: 0, klPerExample: 0, elbo: -evaluation.nll })
  }
  probabilities.dispose()
})

test('the KL is there outside training too, shared out among the training examples', async () => {
  const model = bayesian()
  const exact = tf.tidy(() => {
    const pass = new ForwardPass({ mode: 'mean' })
    model.apply(data.x, { pass })
    return pass.kl().dataSync()[0]!
  })
  const {
    elbo,
    nll: mean,
    kl,
    klPerExample,
  } = await evaluateElbo(model, data, { likelihood, datasetSize: 5000, seed: 1, samples: 3, batchSize: 10 })
  expect(exact).toBeGreaterThan(1)
  expect(kl).toBeCloseTo(exact, 4)
  expect(klPerExample).toBe(kl / 5000)
  expect(elbo).toBe(-(mean + klPerExample))
})

test('the same seed gives the same bits, nothing leaks', async () => {
  const model = bayesian()
  const options = { likelihood, datasetSize: 50, samples: 2, batchSize: 10 }
  await expectNoLeak(async () => {
    const first = await evaluateElbo(model, data, { ...options, seed: 4 })
    expect(await evaluateElbo(model, data, { ...options, seed: 4 })).toEqual(first)
    expect(await evaluateElbo(model, data, { ...options, seed: 5 })).not.toEqual(first)
  })
})

test('refuses what it cannot score', async () => {
  const model = bayesian()
  const options = { likelihood, datasetSize: 50, seed: 1 }
  await expectNoLeak(async () => {
    const wide = tf.zeros([ROWS, 5])
    const labels = tf.fill([ROWS], 7)
    await expect(evaluateElbo(model, { x: wide, y: data.y }, options)).rejects.toThrow(ShapeMismatchError)
    await expect(evaluateElbo(model, { x: data.x, y: labels }, options)).rejects.toThrow(InvalidTargetError)
    await expect(evaluateElbo(model, data, { ...options, samples: 0 })).rejects.toThrow(InvalidOptionError)
    await expect(evaluateElbo(model, data, { ...options, datasetSize: 0 })).rejects.toThrow(/datasetSize is 0/)
    await expect(evaluateElbo(model, data, { ...options, signal: AbortSignal.abort(new Error('stop')) })).rejects.toThrow('stop')
    tf.dispose([wide, labels])
  })
})
