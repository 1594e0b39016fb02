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
import { categorical } from './categorical.ts'
import { gaussian } from './gaussian.ts'

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
    ['one-hot rows', [[1, 0, 0]], [null, 3], ShapeMismatchError, /argMax/],
    ['outputs that are no rows of logits', [0], [null, 4, 3], ShapeMismatchError, /\[rows, classes\]/],
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
      expectTensorsClose(likelihood.predictionError!(draws, tf.tensor1d([1], 'int32')), [0])
      expectTensorsClose(likelihood.predictionError!(draws, tf.tensor1d([0], 'int32')), [1])
    })
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
      const draws = tf.tensor3d([[[0, 4]], [[2, 4]]])
      expectTensorsClose(gaussian({ sigma: 1 }).predictionError!(draws, tf.tensor2d([[1, 2]])), [2])
    })
  })
})
