import * as tf from '@tensorflow/tfjs'
import { expectNoLeak } from '@tfjs-bayes/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { InvalidTargetError, ShapeMismatchError } from '../errors.ts'
import { evaluateElbo } from '../evaluate/evaluateElbo.ts'
import { bernoulli } from '../likelihoods/bernoulli.ts'
import { categorical } from '../likelihoods/categorical.ts'
import { gaussian } from '../likelihoods/gaussian.ts'
import { heteroscedasticGaussian } from '../likelihoods/heteroscedasticGaussian.ts'
import { learnedGaussian } from '../likelihoods/learnedGaussian.ts'
import type { Likelihood } from '../likelihoods/likelihood.ts'
import { poisson } from '../likelihoods/poisson.ts'
import { studentT } from '../likelihoods/studentT.ts'
import { fit } from './fit.ts'
import type { FitOptions } from './fitOptions.ts'

/** A linear model with weights that start at 0, so that what it learns is maximum likelihood. */
const linear = (units: number, inputs = 1): tf.LayersModel =>
  tf.sequential({ layers: [tf.layers.dense({ units, inputShape: [inputs], kernelInitializer: 'zeros' })] })
const weights = (model: tf.LayersModel): number[] => model.getWeights().flatMap((weight) => [...weight.dataSync()])

const kept: tf.Tensor[] = []
afterAll(() => {
  tf.dispose(kept)
})
function tensor(values: number[][]): tf.Tensor {
  const made = tf.tensor2d(values)
  kept.push(made)
  return made
}

describe('what is learned is the maximum of the likelihood', () => {
  const z = Array.from({ length: 40 }, (_, i) => i / 20 - 1)
  const x = tensor(z.map((value) => [value]))
  const full = (likelihood: Likelihood, extra: Partial<FitOptions> = {}): FitOptions => ({
    likelihood,
    epochs: 300,
    seed: 1,
    learningRate: 0.05,
    ...extra,
  })

  test('learned sigma: the root mean squared residual', async () => {
    const y = z.map((value, i) => 2 * value - 0.5 + 0.3 * Math.sin(7 * i))
    const likelihood = learnedGaussian()
    const model = linear(1)
    await fit(model, { x, y: tensor(y.map((value) => [value])) }, full(likelihood))
    const [slope, intercept] = weights(model) as [number, number]
    const sigma = likelihood.sigma()
    const residual = Math.sqrt(y.reduce((sum, value, i) => sum + (value - slope * z[i]! - intercept) ** 2, 0) / y.length)
    expect(slope).toBeCloseTo(2, 0)
    expect(sigma.dataSync()[0]).toBeCloseTo(residual, 3)
    sigma.dispose()
    likelihood.dispose()
  })

  test('sigma by input: grows where the noise does', async () => {
    const y = z.map((value, i) => value + (value > 0 ? 1 : 0.1) * (i % 2 === 0 ? 1 : -1))
    const model = linear(2)
    await fit(model, { x, y: tensor(y.map((value) => [value])) }, full(heteroscedasticGaussian()))
    const [, slopeOfRho] = weights(model)
    expect(slopeOfRho).toBeGreaterThan(0.5)
  })

  test('counts: the log of their mean', async () => {
    const counts = z.map((_, i) => i % 4)
    const model = linear(1)
    await fit(model, { x: tensor(z.map(() => [0])), y: tensor(counts.map((count) => [count])) }, full(poisson()))
    expect(weights(model)[1]).toBeCloseTo(Math.log(1.5), 3)
  })

  test('labels: the log-odds of their share', async () => {
    const labels = z.map((_, i) => (i % 5 === 0 ? 1 : 0))
    const model = linear(1)
    await fit(model, { x: tensor(z.map(() => [0])), y: tensor(labels.map((label) => [label])) }, full(bernoulli()))
    expect(weights(model)[1]).toBeCloseTo(Math.log(0.2 / 0.8), 2)
  })

  test('heavy tails: one outlier among forty hardly moves the line', async () => {
    const y = z.map((value, i) => (i === 3 ? 100 : value))
    const model = linear(1)
    await fit(model, { x, y: tensor(y.map((value) => [value])) }, full(studentT({ degreesOfFreedom: 3, scale: 0.2 })))
    expect(weights(model)[0]).toBeCloseTo(1, 1)
    expect(weights(model)[1]).toBeCloseTo(0, 1)
  })
})

describe('weights of the examples', () => {
  const x = tensor([[1], [2], [3], [4]])
  const y = tensor([[0], [1], [1], [2]])
  const options: FitOptions = { likelihood: categorical(), epochs: 5, seed: 1, optimizer: 'sgd', learningRate: 0.1 }

  test('an example of weight 2 is two examples, one of weight 0 is none', async () => {
    const [weighted, repeated] = [linear(3), linear(3)]
    const counts = tf.tensor1d([2, 0, 1, 1])
    await fit(weighted, { x, y, weights: counts }, options)
    await fit(repeated, { x: tensor([[1], [1], [3], [4]]), y: tensor([[0], [0], [1], [2]]) }, options)
    weights(weighted).forEach((weight, i) => {
      expect(weight).toBeCloseTo(weights(repeated)[i]!, 6)
    })
    const scored = await evaluateElbo(weighted, { x, y, weights: counts }, { likelihood: categorical(), datasetSize: 4, seed: 1 })
    const reference = await evaluateElbo(
      weighted,
      { x: tensor([[1], [1], [3], [4]]), y: tensor([[0], [0], [1], [2]]) },
      { likelihood: categorical(), datasetSize: 4, seed: 1 },
    )
    expect(scored.nll).toBeCloseTo(reference.nll, 5)
    expect(scored.error).toBeCloseTo(reference.error!, 5)
    counts.dispose()
  })

  test('weights of the classes are those of their examples', async () => {
    const [byClass, byExample] = [linear(3), linear(3)]
    const counts = tf.tensor1d([0.5, 2, 2, 1])
    await fit(byClass, { x, y }, { ...options, likelihood: categorical({ classWeights: [0.5, 2, 1] }) })
    await fit(byExample, { x, y, weights: counts }, options)
    weights(byClass).forEach((weight, i) => {
      expect(weight).toBeCloseTo(weights(byExample)[i]!, 6)
    })
    counts.dispose()
  })

  test('go with minibatches and leak nothing', async () => {
    const model = linear(3)
    await expectNoLeak(async () => {
      const counts = tf.tensor1d([1, 0, 0, 1])
      await fit(model, { x, y, weights: counts, validation: { x, y } }, { ...options, batchSize: 3 })
      counts.dispose()
    })
  })

  test.each([
    [[1, 1, 1], ShapeMismatchError, /data\.weights has shape \[3\]; expected \[4\]/],
    [[1, -1, 1, 1], InvalidTargetError, /data\.weights\[1\] is -1/],
    [[1, 1, Number.NaN, 1], InvalidTargetError, /data\.weights\[2\] is NaN/],
    [[0, 0, 0, 0], InvalidTargetError, /at least one weight above 0/],
  ])('%j are refused', async (values, error, message) => {
    const wrong = tf.tensor1d(values)
    const failure = fit(linear(3), { x, y, weights: wrong }, options)
    await expect(failure).rejects.toThrow(error)
    await expect(failure).rejects.toThrow(message)
    wrong.dispose()
  })
})

describe('masks', () => {
  const z = Array.from({ length: 12 }, (_, i) => i / 6 - 1)
  const x = tensor(z.map((value) => [value]))
  const options: FitOptions = { likelihood: gaussian({ sigma: 0.5 }), epochs: 400, seed: 1, learningRate: 0.05 }

  test('missing numbers teach nothing, and their rows teach with the others', async () => {
    // Two targets: the first is known of even rows only, the second of all.
    const y = z.map((value, i) => [i % 2 === 0 ? 3 * value : Number.NaN, -value + 1])
    const mask = z.map((_, i) => [i % 2 === 0 ? 1 : 0, 1])
    const model = linear(2)
    const history = await fit(
      model,
      { x, y: tensor(y), mask: tensor(mask), validation: { x, y: tensor(y), mask: tensor(mask) } },
      options,
    )
    const [a, b, c, d] = weights(model)
    for (const [i, value] of [3, -1, 0, 1].entries()) expect([a, b, c, d][i]).toBeCloseTo(value, 2)
    expect(history.epochs.at(-1)!.validation!.error).toBeLessThan(1e-3)
    // 18 numbers are known, of 24: each has log-density -log(0.5 sqrt(2 pi)) at its mean.
    const expected = (18 / 12) * (Math.log(0.5) + 0.5 * Math.log(2 * Math.PI))
    expect(history.epochs.at(-1)!.validation!.nll).toBeCloseTo(expected, 2)
  })

  test('labels: the unknown ones of a row are left out', async () => {
    const labels = z.map((_, i) => [i % 3 === 0 ? 1 : 0, 1])
    const mask = z.map((_, i) => [1, i === 0 ? 1 : 0])
    const scored = await evaluateElbo(
      linear(2),
      { x, y: tensor(labels), mask: tensor(mask) },
      { likelihood: bernoulli(), datasetSize: 12, seed: 1 },
    )
    expect(scored.nll).toBeCloseTo((13 / 12) * Math.log(2), 5)
    // Logits are 0, which predicts no label: of the first row both are wrong, of every third row its one known label.
    expect(scored.error).toBeCloseTo(4 / 12, 5)
  })

  test('weights and masks go together', async () => {
    const y = tensor(z.map((value) => [value, 5]))
    const mask = tensor(z.map(() => [1, 0]))
    const counts = Float32Array.from(z, (_, i) => (i === 0 ? 12 : 0))
    const scored = await evaluateElbo(
      linear(2),
      { x, y, mask, weights: counts },
      { likelihood: gaussian({ sigma: 1 }), datasetSize: 12, seed: 1 },
    )
    expect(scored.nll).toBeCloseTo(0.5 * z[0]! ** 2 + 0.5 * Math.log(2 * Math.PI), 5)
    expect(scored.error).toBeCloseTo(z[0]! ** 2, 5)
  })

  test.each([
    ['another shape', [[1], [1]], /data\.mask has shape \[2, 1\]; expected \[2, 2\], the shape of y/],
    [
      'a half',
      [
        [1, 0.5],
        [1, 1],
      ],
      /data\.mask\[1\] is 0\.5; expected 0 \(missing\) or 1 \(known\)/,
    ],
  ])('%s is refused', async (_, mask, message) => {
    await expectNoLeak(async () => {
      const y = tf.zeros([2, 2])
      const model = linear(2)
      const m = tf.tensor2d(mask)
      const two = tf.tensor2d([[1], [2]])
      await expect(fit(model, { x: two, y, mask: m }, options)).rejects.toThrow(message)
      tf.dispose([y, m, two])
      model.dispose()
    })
  })
})
