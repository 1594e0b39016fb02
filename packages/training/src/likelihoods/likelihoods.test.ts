import * as tf from '@tensorflow/tfjs'
import { expectNoLeak, expectTensorsClose } from '@tfjs-bayes/testing'
import { describe, expect, test } from 'vitest'
import {
  InvalidOptionError,
  InvalidTargetError,
  NonFiniteDataError,
  ShapeMismatchError,
  UnsupportedModelError,
} from '../errors.ts'
import { bernoulli } from './bernoulli.ts'
import { categorical } from './categorical.ts'
import { gaussian } from './gaussian.ts'
import { heteroscedasticGaussian } from './heteroscedasticGaussian.ts'
import { learnedGaussian } from './learnedGaussian.ts'
import type { Likelihood } from './likelihood.ts'
import { poisson } from './poisson.ts'
import { studentT } from './studentT.ts'

describe('categorical', () => {
  const likelihood = categorical()

  test('is log softmax at the label, finite where the softmax underflows', () => {
    tf.tidy(() => {
      const logits = tf.tensor2d([
        [1, 2, 3],
        [0, 200, 0],
      ])
      const expected = [1 - Math.log(Math.exp(1) + Math.exp(2) + Math.exp(3)), -200]
      expectTensorsClose(likelihood.logLikelihood(logits, tf.tensor1d([0, 2], 'int32')), expected)
    })
  })

  test('labels may be int32 or float32, [rows] or [rows, 1]; the result is the caller’s', async () => {
    await expectNoLeak(async () => {
      for (const y of [tf.tensor1d([0, 2], 'int32'), tf.tensor1d([0, 2]), tf.tensor2d([[0], [2]])]) {
        const prepared = await likelihood.prepareTargets!('y', y, [null, 3])
        expect(prepared.dtype).toBe('int32')
        expect(prepared.shape).toEqual([2])
        expect([...prepared.dataSync()]).toEqual([0, 2])
        tf.dispose([y, prepared])
      }
    })
  })

  test.each([
    ['a label beyond the classes', [0, 3], [null, 3], InvalidTargetError, /y\[1\] is 3; .* 0 to 2/],
    ['a negative label', [-1], [null, 3], InvalidTargetError, /y\[0\] is -1/],
    ['half a label', [0, 1, 1.5], [null, 3], InvalidTargetError, /y\[2\] is 1\.5/],
    ['NaN', [Number.NaN], [null, 3], InvalidTargetError, /y\[0\] is NaN/],
    [
      'rows that are not one-hot',
      [
        [1, 0, 0],
        [0, 0.5, 0.5],
      ],
      [null, 3],
      InvalidTargetError,
      /y\[1\] is 0\.5; expected a one-hot row/,
    ],
    ['two ones in a row', [[1, 0, 1]], [null, 3], InvalidTargetError, /y\[0\] is 1; expected a one-hot row/],
    ['several indices a row', [[1, 0]], [null, 3], ShapeMismatchError, /one class index a row; or one-hot rows, \[1, 3\]/],
    ['outputs that are no rows of logits', [0], [null], ShapeMismatchError, /\[rows, \.\.\., classes\]/],
    ['an index a row for sequences', [0], [null, 4, 3], ShapeMismatchError, /expected \[1, 4\]: a class index for each place/],
  ])('refuses %s', async (_, labels, outputShape, error, message) => {
    const y = tf.tensor(labels)
    const prepared = likelihood.prepareTargets!('y', y, outputShape)
    await expect(prepared).rejects.toThrow(error)
    await expect(prepared).rejects.toThrow(message)
    y.dispose()
  })

  test('the prediction is that of the mean probability, not of the mean logit', () => {
    tf.tidy(() => {
      // Mean logits favour class 0 (4 against 0); two of three draws, and the mean probability, favour class 1.
      const draws = tf.tensor3d([[[18, 0]], [[-3, 0]], [[-3, 0]]])
      expectTensorsClose(likelihood.predictionError!(likelihood.prediction!(draws), tf.tensor1d([1], 'int32')), [0])
      expectTensorsClose(likelihood.predictionError!(likelihood.prediction!(draws), tf.tensor1d([0], 'int32')), [1])
    })
  })

  test('one-hot rows are taken as the labels that they stand for', async () => {
    await expectNoLeak(async () => {
      const y = tf.tensor2d([
        [0, 0, 1],
        [1, 0, 0],
      ])
      const prepared = await likelihood.prepareTargets!('y', y, [null, 3])
      expect([...prepared.dataSync()]).toEqual([2, 0])
      expect(prepared.dtype).toBe('int32')
      tf.dispose([y, prepared])
    })
  })

  test('an example counts as often as its class does', async () => {
    const weighted = categorical({ classWeights: [1, 3, 0] })
    tf.tidy(() => {
      const logits = tf.tensor2d([
        [1, 2, 3],
        [1, 2, 3],
        [1, 2, 3],
      ])
      const labels = tf.tensor1d([0, 1, 2], 'int32')
      const plain = likelihood.logLikelihood(logits, labels)
      expectTensorsClose(weighted.logLikelihood(logits, labels), tf.mul(plain, [1, 3, 0]))
    })
    const y = tf.zeros([1])
    await expect(weighted.prepareTargets!('y', y, [null, 2])).rejects.toThrow(/classWeights has shape \[3\]; .* 2 outputs/)
    expect(() => categorical({ classWeights: [1, -1] })).toThrow(/classWeights\[1\] is -1/)
    y.dispose()
  })

  test('refuses a model that ends in a softmax, nested or not', () => {
    const inner = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3], activation: 'softmax' })] })
    const nested = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [3] }), inner] })
    const layer = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [3] }), tf.layers.softmax()] })
    for (const model of [inner, nested, layer]) expect(() => likelihood.checkModel!(model)).toThrow(UnsupportedModelError)
    likelihood.checkModel!(tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] }))
  })
})

describe('gaussian', () => {
  test('is the log density with its constant, summed over the outputs of a row', () => {
    tf.tidy(() => {
      const y = tf.tensor2d([
        [1, 2],
        [0, 0],
      ])
      const mean = tf.tensor2d([
        [0, 2],
        [0, 3],
      ])
      const density = (z: number): number => -0.5 * z * z - Math.log(2) - 0.5 * Math.log(2 * Math.PI)
      expectTensorsClose(gaussian({ sigma: 2 }).logLikelihood(mean, y), [density(0.5) + density(0), density(0) + density(1.5)])
    })
  })

  test('targets [rows] of a model with one output become [rows, 1], so that they are not broadcast against each other', async () => {
    await expectNoLeak(async () => {
      const y = tf.tensor1d([1, 2, 3])
      const prepared = await gaussian({ sigma: 1 }).prepareTargets!('y', y, [null, 1])
      expect(prepared.shape).toEqual([3, 1])
      tf.dispose([y, prepared])
    })
  })

  test.each([
    ['too few columns', [[1], [2]], [null, 2], ShapeMismatchError, /shape \[2, 1\]; expected \[2, 2\]/],
    ['[rows] for two outputs', [1, 2], [null, 2], ShapeMismatchError, /expected \[2, 2\]/],
    ['infinity', [[1, Number.POSITIVE_INFINITY]], [null, 2], NonFiniteDataError, /y\[0, 1\] is Infinity/],
  ])('refuses %s', async (_, values, outputShape, error, message) => {
    const y = tf.tensor(values)
    const prepared = gaussian({ sigma: 1 }).prepareTargets!('y', y, outputShape)
    await expect(prepared).rejects.toThrow(error)
    await expect(prepared).rejects.toThrow(message)
    y.dispose()
  })

  test('refuses a sigma that is none', () => {
    for (const sigma of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => gaussian({ sigma })).toThrow(InvalidOptionError)
  })

  test('the prediction error is the squared error of the mean over the draws', () => {
    tf.tidy(() => {
      const squared = gaussian({ sigma: 1 })
      const draws = tf.tensor3d([[[0, 4]], [[2, 4]]])
      expectTensorsClose(squared.predictionError!(squared.prediction!(draws), tf.tensor2d([[1, 2]])), [2])
    })
  })
})

describe('other likelihoods, against their formulas in float64', () => {
  const row = (likelihood: Likelihood, outputs: number[], y: number[]): number =>
    tf.tidy(() => likelihood.logLikelihood(tf.tensor2d([outputs]), tf.tensor2d([y])).dataSync()[0]!)
  const normal = (y: number, mu: number, sigma: number): number =>
    -0.5 * ((y - mu) / sigma) ** 2 - Math.log(sigma) - 0.5 * Math.log(2 * Math.PI)

  test('learned sigma', async () => {
    await expectNoLeak(() => {
      const likelihood = learnedGaussian({ initialSigma: 0.7 })
      expect(row(likelihood, [1, 2], [1.5, 1])).toBeCloseTo(normal(1.5, 1, 0.7) + normal(1, 2, 0.7), 5)
      const sigma = likelihood.sigma()
      expect(sigma.dataSync()[0]).toBeCloseTo(0.7, 6)
      expect(likelihood.variables).toHaveLength(1)
      sigma.dispose()
      likelihood.dispose()
    })
  })

  test('sigma from the outputs: first the means, then what softplus makes a standard deviation', () => {
    const sigma = (rho: number): number => Math.log1p(Math.exp(rho))
    const expected = normal(1, 0.5, sigma(-1)) + normal(2, 3, sigma(2))
    expect(row(heteroscedasticGaussian(), [0.5, 3, -1, 2], [1, 2])).toBeCloseTo(expected, 5)
  })

  test('Student’s t with 3 degrees of freedom', () => {
    // Gamma(2) / Gamma(3/2) = 2 / sqrt(pi)
    const density = (z: number): number =>
      Math.log(2 / Math.sqrt(Math.PI)) - 0.5 * Math.log(3 * Math.PI) - 2 * Math.log1p((z * z) / 3)
    const expected = density(2) - Math.log(0.5) + density(-40) - Math.log(0.5)
    expect(row(studentT({ degreesOfFreedom: 3, scale: 0.5 }), [0, 0], [1, -20])).toBeCloseTo(expected, 4)
  })

  test('counts', () => {
    const logRate = 0.9
    const expected = -2 * Math.exp(logRate) + 3 * logRate - Math.log(6)
    expect(row(poisson(), [logRate, logRate], [3, 0])).toBeCloseTo(expected, 4)
  })

  test('labels of several, finite where the probability underflows', () => {
    const logistic = (logit: number): number => -Math.log1p(Math.exp(-logit))
    expect(row(bernoulli(), [1.5, -0.5], [1, 0])).toBeCloseTo(logistic(1.5) + logistic(0.5), 5)
    expect(row(bernoulli(), [200], [0])).toBeCloseTo(-200, 3)
  })

  test('Bernoulli’s error is the share of wrong labels by the mean probability, not by the mean logit', () => {
    tf.tidy(() => {
      const probabilities = bernoulli().prediction!(tf.tensor3d([[[9, 1]], [[-2, 1]], [[-2, 1]]]))
      expectTensorsClose(bernoulli().predictionError!(probabilities, tf.tensor2d([[0, 1]])), [0])
      expectTensorsClose(bernoulli().predictionError!(probabilities, tf.tensor2d([[1, 1]])), [0.5])
    })
  })

  test.each<[string, Likelihood, number[][], number[], RegExp]>([
    ['a count below 0', poisson(), [[-1]], [1], /y\[0\] is -1; expected a count/],
    ['half a count', poisson(), [[0], [1.5]], [1], /y\[1\] is 1\.5/],
    ['a label between', bernoulli(), [[0.5]], [1], /y\[0\] is 0\.5; expected 0 or 1/],
    ['too few outputs', heteroscedasticGaussian(), [[1]], [1], /a multiple of 2 numbers/],
    [
      'targets of the outputs’ shape',
      heteroscedasticGaussian(),
      [[1, 2]],
      [2],
      /expected \[1, 1\]: the model's output has 2 numbers for each target/,
    ],
  ])('refuses %s', async (_, likelihood, values, outputSizes, message) => {
    const y = tf.tensor2d(values)
    await expect(likelihood.prepareTargets!('y', y, [null, ...outputSizes])).rejects.toThrow(message)
    y.dispose()
  })

  test('refuses parameters that are none, and a sigmoid at the end', () => {
    expect(() => studentT({ degreesOfFreedom: 2, scale: 1 })).toThrow(/degreesOfFreedom - 2 is 0/)
    expect(() => studentT({ degreesOfFreedom: 3, scale: 0 })).toThrow(/scale is 0/)
    expect(() => learnedGaussian({ initialSigma: -1 })).toThrow(/initialSigma is -1/)
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [3], activation: 'sigmoid' })] })
    expect(() => bernoulli().checkModel!(model)).toThrow(/applies a sigmoid, but the outputs must be logits/)
  })
})
