import { readFileSync } from 'node:fs'
import * as tf from '@tensorflow/tfjs'
import { expectNoLeak } from '@tfjs-bayes/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { InvalidOptionError, InvalidProbabilityError, InvalidTargetError, ShapeMismatchError } from '../errors.ts'
import { brierScore } from './brierScore.ts'
import { errorRate } from './errorRate.ts'
import { expectedCalibrationError } from './expectedCalibrationError.ts'
import { nll, nllOfLogProbabilities } from './nll.ts'
import { predictiveEntropy } from './predictiveEntropy.ts'
import type { Probabilities } from './probabilityRows.ts'
import { uncertainty } from './uncertainty.ts'

interface Case {
  readonly name: string
  readonly classes: number
  readonly probabilities: readonly number[]
  readonly labels: readonly number[]
  readonly nll: number
  readonly errorRate: number
  readonly entropy: readonly number[]
  readonly brier: number
  readonly ece: Readonly<Record<string, number>>
  readonly eceEqualMass: Readonly<Record<string, number>>
}

const fixture = JSON.parse(readFileSync(new URL('../../fixtures/classification.json', import.meta.url), 'utf8')) as {
  cases: Case[]
}
const rowsOf = (values: readonly (readonly number[])[]): Probabilities => ({
  data: values.flat(),
  shape: [values.length, values[0]?.length ?? 0],
})

describe.each(fixture.cases)('scikit-learn and SciPy agree: $name', (reference) => {
  const matrix = { data: reference.probabilities, shape: [reference.labels.length, reference.classes] }

  test('negative log-likelihood', () => {
    expect(nll(matrix, reference.labels)).toBeCloseTo(reference.nll, 6)
    const logs = { ...matrix, data: reference.probabilities.map(Math.log) }
    expect(nllOfLogProbabilities(logs, reference.labels)).toBeCloseTo(reference.nll, 6)
  })

  test('error rate', () => {
    expect(errorRate(matrix, reference.labels)).toBeCloseTo(reference.errorRate, 12)
  })

  test('entropy', () => {
    const entropy = predictiveEntropy(matrix)
    reference.entropy.forEach((value, row) => {
      expect(entropy[row]).toBeCloseTo(value, 6)
    })
  })

  test('expected calibration error', () => {
    for (const [bins, value] of Object.entries(reference.ece)) {
      expect(expectedCalibrationError(matrix, reference.labels, { bins: Number(bins) }).ece).toBeCloseTo(value, 9)
    }
    for (const [bins, value] of Object.entries(reference.eceEqualMass)) {
      const { ece } = expectedCalibrationError(matrix, reference.labels, { bins: Number(bins), binning: 'equalMass' })
      expect(ece).toBeCloseTo(value, 9)
    }
  })

  test('Brier score', () => {
    expect(brierScore(matrix, reference.labels)).toBeCloseTo(reference.brier, 6)
  })

  test('tensors give the same numbers and stay the caller’s', async () => {
    await expectNoLeak(() => {
      const probabilities = tf.tensor2d(reference.probabilities as number[], [reference.labels.length, reference.classes])
      const labels = tf.tensor1d(reference.labels as number[], 'int32')
      expect(nll(probabilities, labels)).toBe(nll(matrix, reference.labels))
      expect(expectedCalibrationError(probabilities, labels)).toEqual(expectedCalibrationError(matrix, reference.labels))
      tf.dispose([probabilities, labels])
    })
  })
})

describe('edges', () => {
  test('a probability of exactly an edge belongs to the bin below it, 0 and 1 to the outermost', () => {
    const bins = (p: number) =>
      expectedCalibrationError(rowsOf([[p, 1 - p]]), [0], { bins: 4 }).bins.findIndex(({ count }) => count === 1)
    expect([bins(0.5), bins(0.75), bins(0.76), bins(1)]).toEqual([1, 2, 3, 3])
  })

  test('bins of equal mass hold as many rows as can be, and rows of the same confidence stay together', () => {
    const rows = rowsOf([0.6, 0.6, 0.6, 0.6, 0.7, 0.8].map((p) => [p, 1 - p]))
    const { bins } = expectedCalibrationError(rows, [0, 0, 0, 0, 0, 0], { bins: 3, binning: 'equalMass' })
    expect(bins.map(({ count }) => count)).toEqual([4, 0, 2])
    const apart = rowsOf([0.55, 0.6, 0.65, 0.7, 0.75, 0.8].map((p) => [p, 1 - p]))
    expect(
      expectedCalibrationError(apart, [0, 0, 0, 0, 0, 0], { bins: 3, binning: 'equalMass' }).bins.map(({ count }) => count),
    ).toEqual([2, 2, 2])
  })

  test('the Brier score goes from 0 to 2', () => {
    expect(brierScore(rowsOf([[1, 0]]), [0])).toBe(0)
    expect(brierScore(rowsOf([[1, 0]]), [1])).toBe(2)
  })

  test('an empty bin says so and weighs nothing', () => {
    const { ece, bins } = expectedCalibrationError(rowsOf([[1, 0]]), [0], { bins: 2 })
    expect(ece).toBe(0)
    expect(bins[0]).toEqual({ lower: 0, upper: 0.5, count: 0, confidence: null, accuracy: null })
    expect(bins[1]).toEqual({ lower: 0.5, upper: 1, count: 1, confidence: 1, accuracy: 1 })
  })

  test('a single class is always right and certain', () => {
    const one = rowsOf([[1], [1]])
    expect(errorRate(one, [0, 0])).toBe(0)
    expect(nll(one, [0, 0])).toBeCloseTo(0, 12)
    expect([...predictiveEntropy(one)]).toEqual([0, 0])
    expect(expectedCalibrationError(one, [0, 0]).ece).toBe(0)
  })

  test('of classes that tie the first is predicted', () => {
    expect(errorRate(rowsOf([[0.25, 0.25, 0.25, 0.25]]), [0])).toBe(0)
    expect(errorRate(rowsOf([[0.25, 0.25, 0.25, 0.25]]), [3])).toBe(1)
  })

  test('a certain mistake costs Infinity as a probability and a finite number as a logarithm', () => {
    expect(nll(rowsOf([[1, 0]]), [1])).toBe(Number.POSITIVE_INFINITY)
    expect(nllOfLogProbabilities(rowsOf([[0, -200]]), [1])).toBe(200)
  })

  test('0 log 0 is 0', () => {
    expect(predictiveEntropy(rowsOf([[0, 1, 0]]))[0]).toBe(0)
    expect(predictiveEntropy(rowsOf([[0.5, 0.5, 0]]))[0]).toBeCloseTo(Math.log(2), 12)
  })

  test('a calibrated forecast of 70 % is off by nothing, an overconfident one by the gap', () => {
    const sure = rowsOf(Array.from({ length: 10 }, () => [0.7, 0.3]))
    const labels = [0, 0, 0, 0, 0, 0, 0, 1, 1, 1]
    expect(expectedCalibrationError(sure, labels).ece).toBeCloseTo(0, 12)
    const surer = rowsOf(Array.from({ length: 10 }, () => [0.9, 0.1]))
    expect(expectedCalibrationError(surer, labels).ece).toBeCloseTo(0.2, 12)
  })
})

describe('uncertainty', () => {
  test('draws that agree leave nothing to learn; certain draws that disagree leave everything', () => {
    const agree = uncertainty({ data: [0.5, 0.5, 0.5, 0.5], shape: [2, 1, 2] })
    expect(agree.mutualInformation[0]).toBe(0)
    expect(agree.expectedEntropy[0]).toBeCloseTo(Math.log(2), 12)
    const disagree = uncertainty({ data: [1, 0, 0, 1], shape: [2, 1, 2] })
    expect(disagree.mutualInformation[0]).toBeCloseTo(Math.log(2), 12)
    expect(disagree.expectedEntropy[0]).toBe(0)
  })

  test('the parts add up, and none is negative', () => {
    const draw = fc.array(fc.double({ min: 1e-9, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 })
    fc.assert(
      fc.property(fc.array(draw, { minLength: 1, maxLength: 5 }), (draws) => {
        const data = draws.flatMap((row) => row.map((p) => p / row.reduce((a, b) => a + b)))
        const { entropy, expectedEntropy, mutualInformation } = uncertainty({ data, shape: [draws.length, 1, 3] })
        expect(mutualInformation[0]).toBeGreaterThanOrEqual(0)
        expect(expectedEntropy[0]! + mutualInformation[0]!).toBeCloseTo(entropy[0]!, 9)
      }),
    )
  })

  test('the mean is one of probabilities, not of logits', () => {
    // Logits (4, 0) and (-1, 0): their mean (1.5, 0) would give 0.818; the mean probability is 0.626.
    const p = [1 / (1 + Math.exp(-4)), 1 / (1 + Math.exp(1))]
    const { entropy } = uncertainty({ data: p.flatMap((value) => [value, 1 - value]), shape: [2, 1, 2] })
    const mean = (p[0]! + p[1]!) / 2
    expect(entropy[0]).toBeCloseTo(-mean * Math.log(mean) - (1 - mean) * Math.log(1 - mean), 12)
  })
})

describe('refusals', () => {
  test.each([
    ['logits', [[2, -1]], InvalidProbabilityError, /Row 0 .* holds 2/],
    [
      'a row that does not sum to 1',
      [
        [0.5, 0.5],
        [0.5, 0.2],
      ],
      InvalidProbabilityError,
      /Row 1 .* sums to 0\.7/,
    ],
    ['NaN', [[Number.NaN, 1]], InvalidProbabilityError, /Row 0 .* holds NaN/],
    ['no rows', [], ShapeMismatchError, /\[0, 0\]/],
  ])('%s', (_, rows, error, message) => {
    const matrix = rowsOf(rows)
    const labels = rows.map(() => 0)
    for (const metric of [nll, brierScore, errorRate, expectedCalibrationError]) {
      expect(() => metric(matrix, labels)).toThrow(error)
      expect(() => metric(matrix, labels)).toThrow(message)
    }
    expect(() => predictiveEntropy(matrix)).toThrow(error)
  })

  test.each([
    [[0.5], /labels\[0\] is 0\.5/],
    [[2], /labels\[0\] is 2; .* 0 to 1/],
    [[-1], /labels\[0\] is -1/],
    [[Number.NaN], /labels\[0\] is NaN/],
  ])('labels %s', (labels, message) => {
    expect(() => nll(rowsOf([[0.5, 0.5]]), labels)).toThrow(InvalidTargetError)
    expect(() => errorRate(rowsOf([[0.5, 0.5]]), labels)).toThrow(message)
  })

  test('too few labels, no bins, and draws of the wrong rank', () => {
    expect(() => nll(rowsOf([[0.5, 0.5]]), [])).toThrow(ShapeMismatchError)
    expect(() => expectedCalibrationError(rowsOf([[0.5, 0.5]]), [0], { bins: 0 })).toThrow(InvalidOptionError)
    expect(() => expectedCalibrationError(rowsOf([[0.5, 0.5]]), [0], { binning: 'none' as 'equalMass' })).toThrow(
      /binning is 'none'/,
    )
    expect(() => uncertainty({ data: [1], shape: [1, 1] })).toThrow(ShapeMismatchError)
  })
})
