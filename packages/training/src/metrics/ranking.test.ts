import { readFileSync } from 'node:fs'
import * as tf from '@tensorflow/tfjs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { InvalidTargetError, NonFiniteDataError, ShapeMismatchError, UndefinedMetricError } from '../errors.ts'
import { aupr } from './aupr.ts'
import { auroc } from './auroc.ts'
import { riskCoverage } from './riskCoverage.ts'

interface Ranking {
  readonly name: string
  readonly scores: readonly number[]
  readonly positive: readonly number[]
  readonly auroc: number
  readonly aupr: number
}

interface Selection {
  readonly name: string
  readonly uncertainties: readonly number[]
  readonly losses: readonly number[]
  readonly risk: readonly number[]
  readonly area: number
}

const fixture = JSON.parse(readFileSync(new URL('../../fixtures/classification.json', import.meta.url), 'utf8')) as {
  rankings: Ranking[]
  selections: Selection[]
}

test.each(fixture.rankings)('scikit-learn agrees: $name', ({ scores, positive, auroc: area, aupr: precision }) => {
  expect(auroc(scores, positive)).toBeCloseTo(area, 12)
  expect(aupr(scores, positive)).toBeCloseTo(precision, 12)
  const booleans = positive.map((flag) => flag === 1)
  expect(auroc(scores, booleans)).toBe(auroc(scores, positive))
})

test('tensors are taken too', () => {
  tf.tidy(() => {
    expect(auroc(tf.tensor1d([0.1, 0.9]), tf.tensor1d([0, 1], 'int32'))).toBe(1)
    expect(aupr(tf.tensor1d([0.1, 0.9]), tf.tensor1d([1, 0]))).toBe(0.5)
  })
})

test('turning the scores around turns the area around', () => {
  const lists = fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.boolean()), { minLength: 2, maxLength: 12 })
  fc.assert(
    fc.property(lists, (entries) => {
      const positive = entries.map(([, flag]) => flag)
      fc.pre(positive.includes(true) && positive.includes(false))
      const scores = entries.map(([score]) => score)
      expect(
        auroc(scores, positive) +
          auroc(
            scores.map((score) => -score),
            positive,
          ),
      ).toBeCloseTo(1, 12)
    }),
  )
})

test('one kind only, other flags, NaN and other lengths are refused', () => {
  for (const metric of [auroc, aupr]) {
    expect(() => metric([1, 2], [1, 1])).toThrow(UndefinedMetricError)
    expect(() => metric([1, 2], [0, 0])).toThrow(/All 2 entries are negative/)
    expect(() => metric([1, 2], [0, 2])).toThrow(InvalidTargetError)
    expect(() => metric([1, Number.NaN], [0, 1])).toThrow(NonFiniteDataError)
    expect(() => metric([1, 2], [0])).toThrow(ShapeMismatchError)
    expect(() => metric([], [])).toThrow(ShapeMismatchError)
  }
})

describe('risk and coverage', () => {
  test.each(fixture.selections)('scikit-learn’s score of the rows answered: $name', ({ uncertainties, losses, risk, area }) => {
    const curve = riskCoverage(uncertainties, losses)
    expect(curve.risk).toHaveLength(risk.length)
    risk.forEach((expected, place) => {
      expect(curve.risk[place]).toBeCloseTo(expected, 12)
      expect(curve.coverage[place]).toBeCloseTo((place + 1) / risk.length, 12)
    })
    expect(curve.area).toBeCloseTo(area, 12)
  })

  // Geifman, Uziel & El-Yaniv (2019), "Bias-Reduced Uncertainty Estimation for Deep Neural Classifiers": what their excess area is measured from.
  test.each([0.05, 0.3, 0.9])('with every error last, at error rate r = %s, the area is r + (1 - r) log(1 - r)', (r) => {
    const rows = 20_000
    const places = Array.from({ length: rows }, (_, place) => place)
    const losses = places.map((place) => (place < Math.round(rows * (1 - r)) ? 0 : 1))
    // The sum at the right ends over the integral of a rising function within [0, r]: at most r / rows more.
    const excess = riskCoverage(places, losses).area - (r + (1 - r) * Math.log(1 - r))
    expect(excess).toBeGreaterThan(0)
    expect(excess).toBeLessThan(r / rows)
  })

  test('by hand', () => {
    const { coverage, risk, area } = riskCoverage([0.3, 0.1, 0.2, 0.4], [1, 0, 0, 1])
    expect([...coverage]).toEqual([0.25, 0.5, 0.75, 1])
    expect([...risk]).toEqual([0, 0, 1 / 3, 0.5])
    expect(area).toBeCloseTo((1 / 3 + 0.5) / 4, 12)
  })

  test('rows that tie count with their mean: the curve is the average over all their orders', () => {
    const tied = fc.array(fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 3 })), {
      minLength: 1,
      maxLength: 5,
    })
    fc.assert(
      fc.property(tied, (rows) => {
        const { risk } = riskCoverage(
          rows.map(([u]) => u),
          rows.map(([, loss]) => loss),
        )
        const orders = permutations(rows).filter((order) => order.every(([u], i) => i === 0 || u >= order[i - 1]![0]))
        risk.forEach((value, place) => {
          const means = orders.map((order) => order.slice(0, place + 1).reduce((sum, [, loss]) => sum + loss, 0) / (place + 1))
          expect(value).toBeCloseTo(means.reduce((a, b) => a + b) / means.length, 9)
        })
      }),
    )
  })

  test('one row, and refusals', () => {
    expect(riskCoverage([1], [0.5]).area).toBe(0.5)
    expect(() => riskCoverage([], [])).toThrow(ShapeMismatchError)
    expect(() => riskCoverage([1], [Number.POSITIVE_INFINITY])).toThrow(/losses\[0\] is Infinity/)
  })
})

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length <= 1) return [[...items]]
  return items.flatMap((item, i) => permutations([...items.slice(0, i), ...items.slice(i + 1)]).map((rest) => [item, ...rest]))
}
