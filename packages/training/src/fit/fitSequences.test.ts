import * as tf from '@tensorflow/tfjs'
import { variationalDense } from '@tfjs-bayes/layers'
import { expectNoLeak, expectTensorsClose } from '@tfjs-bayes/testing'
import { describe, expect, test } from 'vitest'
import { InvalidTargetError, ShapeMismatchError } from '../errors.ts'
import { evaluateElbo } from '../evaluate/evaluateElbo.ts'
import { categorical } from '../likelihoods/categorical.ts'
import { brierScore } from '../metrics/brierScore.ts'
import { errorRate } from '../metrics/errorRate.ts'
import { expectedCalibrationError } from '../metrics/expectedCalibrationError.ts'
import { nll } from '../metrics/nll.ts'
import { predictive } from '../predict/predictive.ts'
import { fit } from './fit.ts'

const [ROWS, TIME, CLASSES] = [6, 5, 3]
const x = tf.randomNormal([ROWS, TIME, 2], 0, 1, 'float32', 1) as tf.Tensor3D
const labels = tf.tensor2d(
  Array.from({ length: ROWS * TIME }, (_, i) => (i * i) % CLASSES),
  [ROWS, TIME],
  'int32',
)
const likelihood = categorical()

/** Logits for each place of a sequence of any length. */
const network = (bayesian = true): tf.LayersModel =>
  tf.sequential({
    layers: [
      bayesian
        ? variationalDense({ units: CLASSES, inputShape: [null, 2] as unknown as number[], initialSigma: 0.1, seed: 1 })
        : tf.layers.dense({ units: CLASSES, inputShape: [null, 2] }),
    ],
  })

/** log p of the label at each place, [rows, time]. */
const logs = (model: tf.LayersModel): tf.Tensor2D =>
  tf.tidy(() => tf.sum(tf.mul(tf.oneHot(labels, CLASSES).toFloat(), tf.logSoftmax(model.predict(x) as tf.Tensor)), -1))

describe('sequences of labels', () => {
  test('the NLL of an example is the sum over its places, the error the share of wrong ones', async () => {
    await expectNoLeak(async () => {
      const model = network(false)
      const scored = await evaluateElbo(model, { x, y: labels }, { likelihood, datasetSize: ROWS, seed: 1, batchSize: 4 })
      tf.tidy(() => {
        expect(scored.nll).toBeCloseTo(-tf.mean(tf.sum(logs(model), 1)).dataSync()[0]!, 5)
        const wrong = tf.notEqual(tf.argMax(model.predict(x) as tf.Tensor, -1), labels).toFloat()
        expect(scored.error).toBeCloseTo(tf.mean(wrong).dataSync()[0]!, 6)
      })
      const oneHot = tf.oneHot(labels, CLASSES)
      expect(await evaluateElbo(model, { x, y: oneHot }, { likelihood, datasetSize: ROWS, seed: 1, batchSize: 4 })).toEqual(
        scored,
      )
      oneHot.dispose()
      model.dispose()
    })
  })

  test('a mask leaves out padded places, whatever stands there; class weights count the others', async () => {
    const model = network(false)
    const mask = tf.tensor2d(
      Array.from({ length: ROWS * TIME }, (_, i) => (i % TIME < 2 + (Math.floor(i / TIME) % 3) ? 1 : 0)),
      [ROWS, TIME],
    )
    const padded = tf.where(mask.cast('bool'), labels.toFloat(), tf.fill([ROWS, TIME], Number.NaN))
    const classWeights = [1, 2, 0.5]
    const scored = await evaluateElbo(
      model,
      { x, y: padded, mask },
      { likelihood: categorical({ classWeights }), datasetSize: ROWS, seed: 1 },
    )
    const expected = tf.tidy(() => {
      const counted = tf.mul(mask, tf.gather(tf.tensor1d(classWeights), labels.flatten()).reshape([ROWS, TIME]))
      return -tf.mean(tf.sum(tf.mul(logs(model), counted), 1)).dataSync()[0]!
    })
    expect(scored.nll).toBeCloseTo(expected, 5)
    const oneHot = tf.oneHot(labels, CLASSES)
    const wide = tf.onesLike(oneHot)
    const refused = evaluateElbo(model, { x, y: oneHot, mask: wide }, { likelihood, datasetSize: ROWS, seed: 1 })
    await expect(refused).rejects.toThrow(ShapeMismatchError)
    await expect(refused).rejects.toThrow(/give labels as class indices/)
  })

  test('trains on batches of different lengths, and predicts a distribution for each place', async () => {
    const model = network()
    // The class is the sign pattern of the inputs.
    const labelled = (rows: number, time: number, seed: number) => {
      const inputs = tf.randomNormal([rows, time, 2], 0, 1, 'float32', seed)
      const y = tf.tidy(() => {
        const signs = inputs.greater(0).toInt()
        return tf.minimum(tf.sum(tf.mul(signs, tf.tensor1d([1, 2], 'int32')), -1), 2).toInt()
      })
      return { x: inputs, y }
    }
    const stream = (epoch: number) => [labelled(8, 4, 2 * epoch), labelled(8, 7, 2 * epoch + 1)]
    const history = await fit(
      model,
      { stream, validation: { stream: () => [labelled(20, 9, 1000)] } },
      { likelihood, epochs: 40, batchSize: 8, datasetSize: 16, learningRate: 0.1, beta: 0.01, seed: 1 },
    )
    expect(history.epochs.at(-1)!.validation!.error).toBeLessThan(0.2)
    const held = labelled(20, 9, 1000)
    const result = await predictive<tf.Tensor3D, tf.Tensor2D>(model, held.x, { samples: 15, seed: 1, batchSize: 8 })
    expect(result.probabilities.shape).toEqual([20, 9, CLASSES])
    expect(result.entropy.shape).toEqual([20, 9])
    tf.tidy(() => {
      expectTensorsClose(tf.sum(result.probabilities, -1), tf.ones([20, 9]), { absolute: 1e-5 })
      expectTensorsClose(tf.add(result.expectedEntropy, result.mutualInformation), result.entropy, { absolute: 1e-5 })
    })
    expect(errorRate(result.probabilities, held.y)).toBeLessThan(0.2)
    const flat = { data: result.probabilities.dataSync(), shape: [180, CLASSES] }
    const [values, classes] = [result.probabilities, held.y]
    expect(nll(values, classes)).toBe(nll(flat, classes.dataSync()))
    expect(brierScore(values, classes)).toBe(brierScore(flat, classes.dataSync()))
    expect(expectedCalibrationError(values, classes)).toEqual(expectedCalibrationError(flat, classes.dataSync()))
  })

  test.each<[string, tf.Tensor, new (...args: never[]) => Error, RegExp]>([
    ['too few places', tf.zeros([ROWS, TIME - 1]), ShapeMismatchError, /data\.y/],
    ['a label beyond the classes', tf.fill([ROWS, TIME], 3), InvalidTargetError, /data\.y\[0\] is 3/],
  ])('refuses %s', async (_, y, error, message) => {
    const fixed = tf.sequential({ layers: [tf.layers.dense({ units: CLASSES, inputShape: [TIME, 2] })] })
    const failure = fit(fixed, { x, y }, { likelihood, epochs: 1, seed: 1 })
    await expect(failure).rejects.toThrow(error)
    await expect(failure).rejects.toThrow(message)
  })
})
