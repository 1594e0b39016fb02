import * as tf from '@tensorflow/tfjs'
import { ForwardPass, seededNoise, variationalDense } from '@tfjs-bayes/layers'
import { expectNoLeak } from '@tfjs-bayes/testing'
import { expect, test, vi } from 'vitest'
import { InvalidOptionError, InvalidTargetError, ShapeMismatchError } from '../errors.ts'
import { categorical } from '../likelihoods/categorical.ts'
import { errorRate } from '../metrics/errorRate.ts'
import { nll } from '../metrics/nll.ts'
import { deriveSeed, SeedPurpose } from '../random/deriveSeed.ts'
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

test('draws are taken a few at a time: figures are those of all of them, and memory does not grow with their number', async () => {
  const model = bayesian()
  const options = { likelihood, datasetSize: 50, seed: 4 }
  const samples = 64
  const scored = await evaluateElbo(model, data, { ...options, samples })
  tf.tidy(() => {
    const draws = Array.from({ length: samples }, (_, draw) => {
      const noise = seededNoise(deriveSeed(4, SeedPurpose.evaluationNoise), draw)
      return model.apply(data.x, { pass: new ForwardPass({ mode: 'sample', noise }) }) as tf.Tensor
    })
    const each = draws.map((logits) => -tf.mean(likelihood.logLikelihood(logits, data.y)).dataSync()[0]!)
    expect(scored.nll).toBeCloseTo(each.reduce((a, b) => a + b) / samples, 5)
    expect(scored.error).toBeCloseTo(errorRate(tf.mean(tf.softmax(tf.stack(draws)), 0) as tf.Tensor2D, data.y), 6)
  })
  const peak = async (draws: number): Promise<number> => {
    let most = 0
    const apply = model.apply.bind(model)
    const spy = vi.spyOn(model, 'apply').mockImplementation((...args) => {
      most = Math.max(most, tf.memory().numBytes)
      return apply(...args)
    })
    const start = tf.memory().numBytes
    await evaluateElbo(model, data, { ...options, samples: draws })
    spy.mockRestore()
    return most - start
  }
  expect(await peak(400)).toBeLessThan(1.1 * (await peak(20)))
})

test('a Monte-Carlo KL is averaged over all draws of all batches', async () => {
  const estimator = { estimator: 'weightSampling', kl: 'monteCarlo' } as const
  const layer = variationalDense({ units: 3, inputShape: [4], initialSigma: 0.2, seed: 1, ...estimator })
  const model = tf.sequential({ layers: [layer] })
  const scored = await evaluateElbo(model, data, { likelihood, datasetSize: 50, seed: 4, samples: 12, batchSize: 12 })
  // Two batches, of 12 and of 11 rows, each with 12 draws of its own.
  const kls = tf.tidy(() =>
    Array.from({ length: 24 }, (_, draw) => {
      const pass = new ForwardPass({ mode: 'sample', noise: seededNoise(deriveSeed(4, SeedPurpose.evaluationNoise), draw) })
      model.apply(data.x, { pass })
      return pass.kl().dataSync()[0]!
    }),
  )
  const sum = (from: number): number => kls.slice(from, from + 12).reduce((a, b) => a + b)
  expect(scored.kl).toBeCloseTo((sum(0) * 12 + sum(12) * 11) / (12 * ROWS), 4)
})
