import * as tf from '@tensorflow/tfjs'
import { expectTensorsClose } from '@tfjs-bayes/testing'
import { expect, test } from 'vitest'
import { InvalidOptionError, InvalidProbabilityError } from '../errors.ts'
import { nllOfLogProbabilities } from '../metrics/nll.ts'
import { atTemperature, fitTemperature } from './temperatureScaling.ts'

const ROWS = 500
const CLASSES = 4

/** Logits with labels drawn from their softmax at a known temperature. */
function problem(temperature: number): { logProbabilities: tf.Tensor2D; labels: number[] } {
  const logits = tf.randomNormal([ROWS, CLASSES], 0, 3, 'float32', 3) as tf.Tensor2D
  const labels = tf.tidy(() => {
    // Gumbel's trick: the argmax of logits and Gumbel noise is a draw.
    const gumbel = tf.neg(tf.log(tf.neg(tf.log(tf.randomUniform([ROWS, CLASSES], 1e-6, 1 - 1e-6, 'float32', 4)))))
    return [...tf.argMax(tf.add(tf.div(logits, temperature), gumbel), 1).dataSync()]
  })
  const logProbabilities = tf.tidy(() => tf.logSoftmax(logits) as tf.Tensor2D)
  logits.dispose()
  return { logProbabilities, labels }
}

test.each([0.7, 1, 3])('is the minimum of the NLL that a search over temperatures finds, near the true %d', (truth) => {
  const { logProbabilities, labels } = problem(truth)
  const nllAt = (temperature: number): number => {
    const scaled = atTemperature(logProbabilities, temperature)
    const nll = nllOfLogProbabilities(scaled, labels)
    scaled.dispose()
    return nll
  }
  const { temperature, nllBefore, nllAfter } = fitTemperature(logProbabilities, labels)
  expect(nllBefore).toBeCloseTo(nllAt(1), 5)
  expect(nllAfter).toBeCloseTo(nllAt(temperature), 5)
  for (const factor of [0.5, 0.9, 0.97, 1.03, 1.1, 2]) expect(nllAt(temperature * factor)).toBeGreaterThan(nllAfter)
  // The standard error of log T is about 0.06 with 500 rows.
  expect(Math.abs(Math.log(temperature / truth)), 'seeds 3, 4').toBeLessThan(0.3)
  logProbabilities.dispose()
})

test('at a temperature, probabilities are powers, normalized', () => {
  tf.tidy(() => {
    const probabilities = tf.tensor2d([[0.5, 0.25, 0.25]])
    const scaled = atTemperature(tf.log(probabilities) as tf.Tensor2D, 0.5)
    expectTensorsClose(tf.exp(scaled), tf.tensor2d([[0.25, 0.0625, 0.0625].map((p) => p / 0.375)]), { absolute: 1e-6 })
  })
})

test('stays within its bounds where every row is right, or wrong', () => {
  const logProbabilities = { data: [0.9, 0.1, 0.2, 0.8].map(Math.log), shape: [2, 2] }
  expect(fitTemperature(logProbabilities, [0, 1]).temperature).toBeCloseTo(0.01, 6)
  expect(fitTemperature(logProbabilities, [1, 0]).temperature).toBeCloseTo(100, 2)
})

test('a class that is ruled out takes no part', () => {
  const { temperature, nllAfter } = fitTemperature(
    { data: [Math.log(0.6), Math.log(0.4), Number.NEGATIVE_INFINITY], shape: [1, 3] },
    [0],
  )
  expect(temperature).toBeCloseTo(0.01, 6)
  expect(nllAfter).toBeLessThan(1e-10)
})

test('refuses what are no log-probabilities, and temperatures that are none', () => {
  expect(() => fitTemperature({ data: [1, 2], shape: [1, 2] }, [0])).toThrow(InvalidProbabilityError)
  const logProbabilities = tf.zeros([1, 1]) as tf.Tensor2D
  expect(() => atTemperature(logProbabilities, 0)).toThrow(InvalidOptionError)
  logProbabilities.dispose()
})
