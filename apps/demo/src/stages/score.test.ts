import * as tf from '@tensorflow/tfjs'
import type { Predictive } from '@tfjs-bayes/training'
import { afterEach, expect, test } from 'vitest'
import type { Digits } from '../mnist/mnist.ts'
import { extremeDigits } from './judgedDigits.ts'
import { median, score } from './score.ts'

const made: Predictive[] = []
afterEach(() => {
  for (const predictive of made.splice(0)) predictive.dispose()
})

/** A predictive distribution with the given probabilities of class 0; the rest goes to class 1. */
function predictive(first: readonly number[], information: readonly number[] = first.map(() => 0)): Predictive {
  const rows = first.map((p) => [p, 1 - p, ...Array<number>(8).fill(0)])
  const entropy = rows.map((row) => -row.reduce((sum, p) => sum + (p > 0 ? p * Math.log(p) : 0), 0))
  const tensors = {
    probabilities: tf.tensor2d(rows),
    logProbabilities: tf.tensor2d(rows.map((row) => row.map((p) => Math.log(Math.max(p, 1e-30))))),
    entropy: tf.tensor1d(entropy),
    expectedEntropy: tf.tensor1d(entropy.map((h, i) => h - information[i]!)),
    mutualInformation: tf.tensor1d([...information]),
  }
  const result = { ...tensors, samples: 4, dispose: () => tf.dispose(tensors) }
  made.push(result)
  return result
}

test('a network that says 80 % and is right half the time is overconfident by 30 %', () => {
  const scored = score(predictive([0.8, 0.8, 0.8, 0.8], [0.1, 0.2, 0.3, 0]), [0, 1, 0, 1], true)
  expect(scored.error).toBe(0.5)
  expect(scored.nll).toBeCloseTo(-(Math.log(0.8) + Math.log(0.2)) / 2, 5)
  expect(scored.ece).toBeCloseTo(0.3, 5)
  expect(scored.overconfidence).toBeCloseTo(0.3, 5)
  expect(scored.mutualInformation).toBeCloseTo(0.15, 5)
})

test('one that says 60 % and is always right is underconfident', () => {
  const scored = score(predictive([0.6, 0.4]), [0, 1], false)
  expect(scored.overconfidence).toBeCloseTo(-0.4, 5)
  expect(scored.ece).toBeCloseTo(0.4, 5)
  expect(scored.mutualInformation).toBeNull()
  expect(scored.entropy).toBeCloseTo(-(0.6 * Math.log(0.6) + 0.4 * Math.log(0.4)), 5)
})

test('the extreme digits are ordered by entropy, and no class is the most certain twice', () => {
  const digits: Digits = { images: new Uint8Array(5 * 784).fill(7), labels: Uint8Array.of(0, 0, 1, 1, 0), count: 5 }
  const { mostCertain, leastCertain } = extremeDigits(digits, predictive([0.99, 0.98, 0.1, 0.4, 0.7]), 3)
  expect(mostCertain.map((digit) => digit.index)).toEqual([0, 2])
  expect(leastCertain.map((digit) => digit.index)).toEqual([3, 4, 2])
  expect(leastCertain[0]!.label).toBe(1)
  expect(leastCertain[0]!.probabilities[1]).toBeCloseTo(0.6, 6)
  expect(Buffer.from(leastCertain[0]!.pixels, 'base64')).toEqual(Buffer.alloc(784, 7))
})

test('the median of an odd and of an even number of values', () => {
  expect(median([3, 1, 2])).toBe(2)
  expect(median([10, 1, 2, 4])).toBe(3)
  expect(median([7])).toBe(7)
})
