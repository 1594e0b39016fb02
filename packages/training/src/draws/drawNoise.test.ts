import * as tf from '@tensorflow/tfjs'
import { Normal } from '@tfjs-bayes/distributions'
import { type VariationalDenseArgs, variationalDense } from '@tfjs-bayes/layers'
import { expectNoLeak, expectTensorsClose } from '@tfjs-bayes/testing'
import { describe, expect, test } from 'vitest'
import { InvalidOptionError } from '../errors.ts'
import { gaussian } from '../likelihoods/gaussian.ts'
import { predictive } from '../predict/predictive.ts'
import { predictiveRegression } from '../predict/predictiveRegression.ts'
import { sobolPoints } from '../random/sobolPoints.ts'
import { type DrawNoise, drawNoise } from './drawNoise.ts'

const likelihood = gaussian({ sigma: 0.1 })
const linear = (args: Partial<VariationalDenseArgs> = {}): tf.LayersModel =>
  tf.sequential({
    layers: [variationalDense({ units: 1, inputShape: [3], initialSigma: 0.4, seed: 1, ...args } as VariationalDenseArgs)],
  })
const network = (): tf.LayersModel =>
  tf.sequential({
    layers: [
      variationalDense({ units: 8, inputShape: [3], activation: 'relu', initialSigma: 0.4, seed: 1 }),
      variationalDense({ units: 4, initialSigma: 0.4, seed: 2 }),
    ],
  })
const inputs = (rows: number): tf.Tensor2D => tf.randomNormal([rows, 3], 0, 1, 'float32', 8)

test.each(['localReparameterization', 'weightSampling'] as const)(
  'antithetic draws of a linear model with %s have its mean exactly',
  async (estimator) => {
    const model = linear({ estimator })
    const x = inputs(5)
    // 14 draws in chunks of 7: a pair may lie in two chunks.
    const result = await predictiveRegression(model, x, { likelihood, seed: 3, samples: 14, noise: 'antithetic' })
    const center = await predictiveRegression(model, x, { likelihood, seed: 3, mode: 'mean' })
    expectTensorsClose(result.mean, center.mean, { absolute: 2e-6 })
    expect(Math.min(...result.epistemicVariance.dataSync())).toBeGreaterThan(0.01)
    result.dispose()
    center.dispose()
    x.dispose()
  },
)

test('moment-matched draws of a linear model have its mean and its variance exactly, with 8 draws', async () => {
  const model = linear()
  const x = inputs(5)
  const result = await predictiveRegression(model, x, { likelihood, seed: 3, samples: 8, noise: 'momentMatched' })
  const center = await predictiveRegression(model, x, { likelihood, seed: 3, mode: 'mean' })
  expectTensorsClose(result.mean, center.mean, { absolute: 5e-6 })
  const variance = tf.tidy(() => tf.mul(tf.add(tf.sum(tf.square(x), 1, true), 1), 0.16))
  expectTensorsClose(result.epistemicVariance, variance, { relative: 1e-4 })
  result.dispose()
  center.dispose()
  tf.dispose([x, variance])
})

test('Sobol draws are standard normal: of a linear model, mean and variance from 64 draws to a hundredth', async () => {
  const model = linear()
  const x = inputs(5)
  const result = await predictiveRegression(model, x, { likelihood, seed: 3, samples: 64, noise: 'sobol' })
  const center = await predictiveRegression(model, x, { likelihood, seed: 3, mode: 'mean' })
  // 64 independent draws would have a standard error of an eighth of the deviation, and of 18 % of the variance.
  const off = tf.tidy(() => tf.div(tf.sub(result.mean, center.mean), tf.sqrt(result.epistemicVariance)))
  expect(Math.max(...off.abs().dataSync())).toBeLessThan(0.01)
  const variance = tf.tidy(() => tf.mul(tf.add(tf.sum(tf.square(x), 1, true), 1), 0.16))
  expectTensorsClose(result.epistemicVariance, variance, { relative: 0.02 })
  result.dispose()
  center.dispose()
  tf.dispose([x, variance, off])
})

test('the noise of a Sobol draw is the quantiles of its points, stream by stream, and looked up in two operations', async () => {
  const samples = 16
  const widths = [3, 2]
  const noise = drawNoise({ noise: 'sobol', seed: 3, samples })
  for (const draw of [0, 7, 15]) {
    for (const [stream, dimensions] of widths.entries()) {
      const { kernels, result } = await tf.profile(() => noise(tf.scalar(draw, 'int32'))([9, dimensions], stream))
      const points = sobolPoints({ samples, first: stream * 3, dimensions, seed: 3 })
      const own = tf.tensor([...points.slice(draw * dimensions, (draw + 1) * dimensions)], [1, dimensions])
      expectTensorsClose(result as tf.Tensor, new Normal({ mu: 0, sigma: 1 }).quantile(own), { absolute: 1e-6, relative: 1e-6 })
      expect(kernels.map(({ name }) => name).filter((name) => !name.endsWith('__op'))).toEqual(['Reshape', 'GatherV2'])
    }
  }
})

test.each(['shared', 'momentMatched', 'sobol'] as const)(
  '%s: equal rows have equal predictions, whatever the batch size',
  async (noise) => {
    const model = network()
    const x = tf.tidy(() => tf.tile(inputs(1), [7, 1]))
    await expectNoLeak(async () => {
      const results = await Promise.all(
        [7, 3].map((batchSize) => predictive(model, x, { seed: 2, samples: 12, noise, batchSize })),
      )
      const [whole, parts] = results.map(({ probabilities }) => [...probabilities.dataSync()])
      // Alike up to the rounding of vectorized loops.
      whole!.forEach((value, i) => {
        expect(value).toBeCloseTo(whole![i % 4]!, 6)
        expect(parts![i]).toBeCloseTo(value, 6)
      })
      for (const result of results) result.dispose()
    })
    x.dispose()
  },
)

describe('error against 4,000 draws', () => {
  /** Mean squared error of the probabilities over rows and seeds, with 8 draws. */
  async function squaredError(
    model: tf.LayersModel,
    x: tf.Tensor,
    reference: ArrayLike<number>,
    noise: DrawNoise,
  ): Promise<number> {
    let sum = 0
    const seeds = 25
    for (let seed = 0; seed < seeds; seed++) {
      const { probabilities, dispose } = await predictive(model, x, { seed, samples: 8, noise })
      probabilities.dataSync().forEach((p, i) => {
        sum += (p - reference[i]!) ** 2 / (reference.length * seeds)
      })
      dispose()
    }
    return sum
  }

  test('antithetic, moment-matched and Sobol draws err less than independent ones, shared ones alike', async () => {
    const model = network()
    const x = inputs(40)
    const { probabilities, dispose } = await predictive(model, x, { seed: 99, samples: 4000 })
    const reference = probabilities.dataSync()
    const error = (noise: DrawNoise): Promise<number> => squaredError(model, x, reference, noise)
    const independent = await error('independent')
    const ratios = {
      antithetic: independent / (await error('antithetic')),
      shared: independent / (await error('shared')),
      momentMatched: independent / (await error('momentMatched')),
      sobol: independent / (await error('sobol')),
    }
    console.log('squared error of independent draws over that of', ratios)
    expect(ratios.antithetic).toBeGreaterThan(1.4)
    expect(ratios.momentMatched).toBeGreaterThan(1.8)
    expect(ratios.sobol).toBeGreaterThan(1.8)
    // The same variance for each row; shared noise only has fewer independent figures to average over.
    expect(ratios.shared).toBeGreaterThan(0.6)
    expect(ratios.shared).toBeLessThan(1.7)
    dispose()
    x.dispose()
  })
})

test('refusals', async () => {
  const x = inputs(2)
  const sampled = linear({ estimator: 'weightSampling', name: 'drawn' })
  const regression = (model: tf.LayersModel, noise: DrawNoise, samples = 4) =>
    predictiveRegression(model, x, { likelihood, seed: 1, samples, noise })
  await expect(regression(sampled, 'shared')).rejects.toThrow(InvalidOptionError)
  await expect(regression(sampled, 'sobol')).rejects.toThrow(/does not belong to rows/)
  await expect(regression(sampled, 'momentMatched')).rejects.toThrow(/layer 'drawn' \(weightSampling\) does not belong to rows/)
  await expect(regression(linear(), 'momentMatched', 1)).rejects.toThrow(/samples is 1; .* no variance to match/)
  await expect(regression(linear(), 'halton' as DrawNoise)).rejects.toThrow(/noise is 'halton'/)
  x.dispose()
})
