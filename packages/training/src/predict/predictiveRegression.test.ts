import * as tf from '@tensorflow/tfjs'
import { ForwardPass, seededNoise, type VariationalDenseArgs, variationalDense } from '@tfjs-bayes/layers'
import { expectNoLeak, expectTensorsClose } from '@tfjs-bayes/testing'
import { describe, expect, test } from 'vitest'
import { InvalidOptionError, NonFiniteOutputError, ShapeMismatchError } from '../errors.ts'
import { bernoulli } from '../likelihoods/bernoulli.ts'
import { categorical } from '../likelihoods/categorical.ts'
import { gaussian } from '../likelihoods/gaussian.ts'
import { heteroscedasticGaussian } from '../likelihoods/heteroscedasticGaussian.ts'
import { poisson } from '../likelihoods/poisson.ts'
import { studentT } from '../likelihoods/studentT.ts'
import { nllOfLogProbabilities } from '../metrics/nll.ts'
import { normalCdf } from '../metrics/normalCdf.ts'
import { uncertainty } from '../metrics/uncertainty.ts'
import { deriveSeed, SeedPurpose } from '../random/deriveSeed.ts'
import { predictive } from './predictive.ts'
import { predictiveBernoulli } from './predictiveBernoulli.ts'
import { predictiveLogLikelihood } from './predictiveLogLikelihood.ts'
import { predictiveRegression } from './predictiveRegression.ts'

const SAMPLES = 23

function network(units: number, args: Partial<VariationalDenseArgs> = {}): tf.LayersModel {
  const layer = (own: object): tf.layers.Layer => variationalDense({ initialSigma: 0.5, ...own, ...args } as VariationalDenseArgs)
  return tf.sequential({ layers: [layer({ units: 6, inputShape: [3], activation: 'relu', seed: 1 }), layer({ units, seed: 2 })] })
}

const inputs = (rows: number): tf.Tensor2D => tf.randomNormal([rows, 3], 0, 1, 'float32', 8)

/** Outputs of the draws that a prediction with this seed takes, one array a draw. */
function draws(model: tf.LayersModel, x: tf.Tensor, seed: number, samples = SAMPLES): number[][] {
  return tf.tidy(() =>
    Array.from({ length: samples }, (_, draw) => {
      const noise = seededNoise(deriveSeed(seed, SeedPurpose.predictiveNoise), draw)
      return [...(model.apply(x, { pass: new ForwardPass({ mode: 'sample', noise }) }) as tf.Tensor).dataSync()]
    }),
  )
}
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b) / values.length
const column = (of: readonly number[][], i: number): number[] => of.map((draw) => draw[i]!)

describe('regression', () => {
  test('means and variances of the draws one by one, on request', async () => {
    await expectNoLeak(async () => {
      const model = network(2)
      const x = inputs(5)
      const likelihood = heteroscedasticGaussian()
      const result = await predictiveRegression(model, x, { likelihood, samples: SAMPLES, seed: 3, keepDraws: true })
      const each = draws(model, x, 3)
      expect(result.drawMeans!.shape).toEqual([SAMPLES, 5, 1])
      expect(result.drawVariances!.shape).toEqual([SAMPLES, 5, 1])
      const [means, variances] = [result.drawMeans!.dataSync(), result.drawVariances!.dataSync()]
      each.forEach((outputs, draw) => {
        for (let row = 0; row < 5; row++) {
          expect(means[draw * 5 + row]).toBeCloseTo(outputs[2 * row]!, 5)
          expect(variances[draw * 5 + row]).toBeCloseTo(Math.log1p(Math.exp(outputs[2 * row + 1]!)) ** 2, 4)
        }
      })
      const single = network(1)
      const known = await predictiveRegression(single, x, {
        likelihood: gaussian({ sigma: 2 }),
        samples: 3,
        seed: 3,
        keepDraws: true,
      })
      expect([...known.drawVariances!.dataSync()]).toEqual(Array.from({ length: 15 }, () => 4))
      known.dispose()
      result.dispose()
      x.dispose()
      model.dispose()
      single.dispose()
    })
  })

  test('mean and the two variances are those of the draws one by one, with sigma by input', async () => {
    await expectNoLeak(async () => {
      const model = network(2)
      const x = inputs(5)
      const likelihood = heteroscedasticGaussian()
      const result = await predictiveRegression(model, x, { likelihood, samples: SAMPLES, seed: 3 })
      const each = draws(model, x, 3)
      const sigma = (rho: number): number => Math.log1p(Math.exp(rho))
      for (let row = 0; row < 5; row++) {
        const means = column(each, 2 * row)
        const center = mean(means)
        const epistemic = mean(means.map((value) => (value - center) ** 2))
        // The mean of the variances; the square of the mean sigma would be less.
        const aleatoric = mean(column(each, 2 * row + 1).map((rho) => sigma(rho) ** 2))
        expect(result.mean.dataSync()[row]).toBeCloseTo(center, 5)
        expect(result.epistemicVariance.dataSync()[row]).toBeCloseTo(epistemic, 4)
        expect(result.aleatoricVariance.dataSync()[row]).toBeCloseTo(aleatoric, 4)
        expect(result.variance.dataSync()[row]).toBeCloseTo(epistemic + aleatoric, 4)
      }
      expect(result.mean.shape).toEqual([5, 1])
      expect(result.samples).toBe(SAMPLES)
      result.dispose()
      x.dispose()
      model.dispose()
    })
  })

  test('a linear model has the exact predictive normal distribution: moments and quantiles', async () => {
    const layer = variationalDense({ units: 1, inputShape: [3], initialSigma: 0.4, seed: 1 })
    const model = tf.sequential({ layers: [layer] })
    const x = tf.tensor2d([
      [1, -2, 0.5],
      [0, 0, 0],
      [3, 1, 1],
    ])
    const samples = 6000
    const quantiles = [0.05, 0.5, 0.975]
    const result = await predictiveRegression(model, x, { likelihood: gaussian({ sigma: 0.3 }), samples, seed: 1, quantiles })
    const [w, b] = [layer.kernelMu.read().dataSync(), layer.biasMu!.read().dataSync()[0]!]
    x.arraySync().forEach((row, i) => {
      const center = row.reduce((sum, value, j) => sum + value * w[j]!, b)
      const epistemic = 0.16 * (1 + row.reduce((sum, value) => sum + value ** 2, 0))
      const total = epistemic + 0.09
      // Four standard errors of a mean, of a variance, and of a quantile: sqrt(p (1 - p) / S) / density, at most 2.2 sigma / sqrt(S) here.
      expect(Math.abs(result.mean.dataSync()[i]! - center)).toBeLessThan(4 * Math.sqrt(epistemic / samples))
      expect(Math.abs(result.epistemicVariance.dataSync()[i]! / epistemic - 1)).toBeLessThan(4 * Math.sqrt(2 / samples))
      expect(result.aleatoricVariance.dataSync()[i]).toBeCloseTo(0.09, 6)
      ;[-1.6448536, 0, 1.959964].forEach((z, k) => {
        const quantile = result.quantiles[k]!.dataSync()[i]!
        expect(Math.abs(quantile - center - z * Math.sqrt(total))).toBeLessThan((4 * 2.7 * Math.sqrt(total)) / Math.sqrt(samples))
      })
    })
    result.dispose()
    x.dispose()
  })

  test('a quantile is where the mixture over the draws reaches it, batch by batch', async () => {
    const model = network(1)
    const x = inputs(5)
    const result = await predictiveRegression(model, x, {
      likelihood: gaussian({ sigma: 0.2 }),
      samples: SAMPLES,
      seed: 3,
      quantiles: [0.1, 0.9],
    })
    const each = draws(model, x, 3)
    for (let row = 0; row < 5; row++) {
      for (const [k, p] of [0.1, 0.9].entries()) {
        const at = result.quantiles[k]!.dataSync()[row]!
        expect(mean(column(each, row).map((mu) => normalCdf((at - mu) / 0.2)))).toBeCloseTo(p, 4)
      }
    }
    // With weight sampling a draw does not depend on the batch: the parts of several batches come together in order.
    const sampled = network(1, { estimator: 'weightSampling' })
    const options = { likelihood: gaussian({ sigma: 0.2 }), samples: SAMPLES, seed: 3, quantiles: [0.1] }
    const whole = await predictiveRegression(sampled, x, options)
    const parts = await predictiveRegression(sampled, x, { ...options, batchSize: 2 })
    for (const key of ['mean', 'epistemicVariance', 'aleatoricVariance'] as const) expectTensorsClose(parts[key], whole[key])
    expectTensorsClose(parts.quantiles[0]!, whole.quantiles[0]!)
    for (const made of [result, whole, parts]) made.dispose()
    x.dispose()
  })

  test('quantiles of other families: counts are whole, heavy tails are wide', async () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [3], kernelInitializer: 'zeros' })] })
    model.setWeights([tf.zeros([3, 1]), tf.tensor1d([Math.log(3)])])
    const x = inputs(2)
    const counts = await predictiveRegression(model, x, { likelihood: poisson(), seed: 1, quantiles: [0.5, 0.99] })
    // Poisson(3): P(k <= 3) = 0.647, P(k <= 7) = 0.988, P(k <= 8) = 0.996.
    expect(counts.quantiles.map((quantile) => quantile.dataSync()[0])).toEqual([3, 8])
    expect(counts.mean.dataSync()[0]).toBeCloseTo(3, 5)
    expect(counts.aleatoricVariance.dataSync()[0]).toBeCloseTo(3, 5)
    expect(counts.epistemicVariance.dataSync()[0]).toBe(0)
    const heavy = await predictiveRegression(model, x, {
      likelihood: studentT({ degreesOfFreedom: 3, scale: 1 }),
      seed: 1,
      quantiles: [0.975],
    })
    expect(heavy.quantiles[0]!.dataSync()[0]! - Math.log(3)).toBeCloseTo(3.182446, 4)
    expect(heavy.aleatoricVariance.dataSync()[0]).toBeCloseTo(3, 4)
    counts.dispose()
    heavy.dispose()
    x.dispose()
  })

  test('the variance of draws far from 0 does not cancel', async () => {
    const layer = variationalDense({ units: 1, inputShape: [3], initialSigma: 0.01, kernelInitializer: 'zeros', useBias: false })
    const shift = tf.layers.dense({
      units: 1,
      kernelInitializer: 'ones',
      biasInitializer: tf.initializers.constant({ value: 3000 }),
    })
    const model = tf.sequential({ layers: [layer, shift] })
    const x = tf.tensor2d([[1, 0, 0]])
    const result = await predictiveRegression(model, x, { likelihood: gaussian({ sigma: 1 }), samples: 2000, seed: 1 })
    expect(Math.sqrt(result.epistemicVariance.dataSync()[0]!)).toBeCloseTo(0.01, 3)
    result.dispose()
    x.dispose()
  })

  test('refusals', async () => {
    const [model, classes, x] = [network(1), network(3), inputs(2)]
    await expectNoLeak(async () => {
      const likelihood = gaussian({ sigma: 1 })
      await expect(predictiveRegression(classes, x, { likelihood: categorical(), seed: 1 })).rejects.toThrow(
        /a likelihood of numbers/,
      )
      await expect(predictiveRegression(model, x, { likelihood, seed: 1, quantiles: [0.5, 1] })).rejects.toThrow(
        /quantiles\[1\] is 1/,
      )
      await expect(predictiveRegression(model, x, { likelihood, seed: 1, samples: 0 })).rejects.toThrow(InvalidOptionError)
    })
    const spoiled = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [3] })] })
    spoiled.setWeights([tf.fill([3, 1], Number.NaN), tf.zeros([1])])
    await expect(predictiveRegression(spoiled, x, { likelihood: gaussian({ sigma: 1 }), seed: 1 })).rejects.toThrow(
      NonFiniteOutputError,
    )
    x.dispose()
  })
})

describe('log-likelihood of the mixture', () => {
  test('is the logarithm of the mean over all draws, not the mean of logarithms, nor that of the last draw', async () => {
    await expectNoLeak(async () => {
      const model = network(1)
      const x = inputs(6)
      const y = tf.tensor1d([0, 1, 2, -1, 0.5, 3])
      const result = await predictiveLogLikelihood(
        model,
        { x, y },
        { likelihood: gaussian({ sigma: 0.4 }), samples: SAMPLES, seed: 3 },
      )
      const each = draws(model, x, 3)
      const expected = [...y.dataSync()].map((target, row) => {
        const logs = column(each, row).map(
          (mu) => -0.5 * ((target - mu) / 0.4) ** 2 - Math.log(0.4) - 0.5 * Math.log(2 * Math.PI),
        )
        const high = Math.max(...logs)
        return high + Math.log(mean(logs.map((log) => Math.exp(log - high))))
      })
      expectTensorsClose(result.logLikelihood, expected, { absolute: 1e-4 })
      expect(result.nll).toBeCloseTo(-mean(expected), 4)
      result.dispose()
      tf.dispose([x, y])
      model.dispose()
    })
  })

  test('of classes is that of the averaged probabilities', async () => {
    const model = network(4)
    const [x, y] = [inputs(9), tf.tensor1d([0, 1, 2, 3, 0, 1, 2, 3, 0], 'int32')]
    const options = { samples: 12, seed: 5, batchSize: 4 }
    const classes = await predictive(model, x, options)
    const result = await predictiveLogLikelihood(model, { x, y }, { ...options, likelihood: categorical() })
    expect(result.nll).toBeCloseTo(nllOfLogProbabilities(classes.logProbabilities, y), 5)
    classes.dispose()
    result.dispose()
    tf.dispose([x, y])
  })

  test('refuses targets that do not fit', async () => {
    const [model, x, y] = [network(1), inputs(3), tf.zeros([2])]
    const failure = predictiveLogLikelihood(model, { x, y }, { likelihood: gaussian({ sigma: 1 }), seed: 1 })
    await expect(failure).rejects.toThrow(ShapeMismatchError)
    tf.dispose([x, y])
  })
})

describe('yes or no', () => {
  test('probabilities and the parts of the entropy are those of the draws one by one, label by label', async () => {
    await expectNoLeak(async () => {
      const model = network(2)
      const x = inputs(5)
      const result = await predictiveBernoulli(model, x, { samples: SAMPLES, seed: 3 })
      const probabilities = draws(model, x, 3).map((draw) => draw.map((logit) => 1 / (1 + Math.exp(-logit))))
      const parts = uncertainty({
        data: probabilities.flatMap((draw) => draw.flatMap((p) => [1 - p, p])),
        shape: [SAMPLES, 10, 2],
      })
      const shape = (values: Float64Array): tf.Tensor => tf.tensor2d([...values], [5, 2])
      tf.tidy(() => {
        expectTensorsClose(
          result.probabilities,
          shape(Float64Array.from({ length: 10 }, (_, i) => mean(column(probabilities, i)))),
          { absolute: 2e-6 },
        )
        expectTensorsClose(result.entropy, shape(parts.entropy), { absolute: 1e-5 })
        expectTensorsClose(result.expectedEntropy, shape(parts.expectedEntropy), { absolute: 1e-5 })
        expectTensorsClose(result.mutualInformation, shape(parts.mutualInformation), { absolute: 1e-5 })
      })
      result.dispose()
      x.dispose()
      model.dispose()
    })
  })

  test('its NLL is that of the mixture when there is one label', async () => {
    const [model, x, y] = [network(1), inputs(4), tf.tensor1d([0, 1, 1, 0])]
    const options = { samples: 9, seed: 2 }
    const result = await predictiveBernoulli(model, x, options)
    const scored = await predictiveLogLikelihood(model, { x, y }, { ...options, likelihood: bernoulli() })
    const logs = [...y.dataSync()].map((label, i) =>
      Math.log(label ? result.probabilities.dataSync()[i]! : 1 - result.probabilities.dataSync()[i]!),
    )
    expect(scored.nll).toBeCloseTo(-mean(logs), 5)
    result.dispose()
    scored.dispose()
    tf.dispose([x, y])
  })

  test('refuses a sigmoid at the end', async () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [3], activation: 'sigmoid' })] })
    const x = inputs(2)
    await expect(predictiveBernoulli(model, x, { seed: 1 })).rejects.toThrow(/applies a sigmoid/)
    x.dispose()
  })
})
