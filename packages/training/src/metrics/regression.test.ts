import { readFileSync } from 'node:fs'
import * as tf from '@tensorflow/tfjs'
import { describe, expect, test } from 'vitest'
import { InvalidOptionError, NonFiniteDataError, ShapeMismatchError } from '../errors.ts'
import { crps } from './crps.ts'
import { intervalCoverage } from './intervalCoverage.ts'
import { normalCdf } from './normalCdf.ts'
import { rmse } from './rmse.ts'

interface Fixture {
  readonly normalCdf: { readonly z: number; readonly cdf: number }[]
  readonly crps: {
    readonly samples: number
    readonly means: number[]
    readonly sigmas: number[]
    readonly targets: number[]
    readonly crps: number
  }[]
  readonly rmse: { readonly rows: number; readonly predictions: number[]; readonly targets: number[]; readonly rmse: number }[]
  readonly intervals: {
    readonly name: string
    readonly lower: number[]
    readonly upper: number[]
    readonly targets: number[]
    readonly coverage: number
    readonly meanWidth: number
  }[]
}

const fixture = JSON.parse(readFileSync(new URL('../../fixtures/regression.json', import.meta.url), 'utf8')) as Fixture

test.each(fixture.normalCdf)('SciPy’s normal distribution function at $z', ({ z, cdf }) => {
  expect(Math.abs(normalCdf(z) / cdf - 1)).toBeLessThan(1e-12)
})

test('the normal distribution function at its ends', () => {
  expect(normalCdf(Number.NEGATIVE_INFINITY)).toBe(0)
  expect(normalCdf(Number.POSITIVE_INFINITY)).toBe(1)
})

describe('CRPS', () => {
  test.each(fixture.crps)(
    'SciPy’s quadrature of the definition, $samples components',
    ({ means, sigmas, targets, crps: expected }) => {
      expect(crps({ means, sigmas }, targets)).toBeCloseTo(expected, 9)
    },
  )

  test('of one Gaussian is the formula of Gneiting & Raftery (2007), equation 5', () => {
    const z = (1.3 - 0.4) / 0.7
    const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)
    const expected = 0.7 * (z * (2 * normalCdf(z) - 1) + 2 * density - 1 / Math.sqrt(Math.PI))
    expect(crps({ means: [0.4], sigmas: 0.7 }, [1.3])).toBeCloseTo(expected, 12)
  })

  test('of points is the ensemble’s: E|X - y| - E|X - X’| / 2; of one point the absolute error', () => {
    expect(crps({ means: [2, 5], sigmas: 0 }, [1, 7])).toBeCloseTo(1.5, 12)
    expect(crps({ means: [0, 1], sigmas: 0 }, [3])).toBeCloseTo(2.5 - 0.25, 12)
  })

  test('sigma may be one number, one a target, or one a component; tensors are taken too', () => {
    const [means, targets] = [
      [0, 1, 2, 3],
      [0.5, 1.5],
    ]
    const each = crps({ means, sigmas: [1, 2, 1, 2] }, targets)
    expect(crps({ means, sigmas: [1, 2] }, targets)).toBe(each)
    expect(crps({ means, sigmas: 1 }, targets)).toBe(crps({ means, sigmas: [1, 1, 1, 1] }, targets))
    tf.tidy(() => {
      expect(crps({ means: tf.tensor2d(means, [2, 2]), sigmas: tf.tensor1d([1, 2]) }, tf.tensor1d(targets))).toBeCloseTo(each, 6)
    })
  })

  test('refusals', () => {
    expect(() => crps({ means: [1, 2, 3], sigmas: 1 }, [1, 2])).toThrow(ShapeMismatchError)
    expect(() => crps({ means: [1, 2], sigmas: [1, 2, 3] }, [1, 2])).toThrow(ShapeMismatchError)
    expect(() => crps({ means: [1], sigmas: -1 }, [1])).toThrow(InvalidOptionError)
    expect(() => crps({ means: [Number.NaN], sigmas: 1 }, [1])).toThrow(NonFiniteDataError)
  })
})

test.each(fixture.rmse)('scikit-learn’s RMSE, $rows rows', ({ predictions, targets, rmse: expected }) => {
  expect(Math.abs(rmse(predictions, targets) / expected - 1)).toBeLessThan(1e-12)
})

test.each(fixture.intervals)(
  'MAPIE’s coverage and mean width of intervals $name',
  ({ lower, upper, targets, coverage, meanWidth }) => {
    expect(intervalCoverage(lower, upper, targets).coverage).toBeCloseTo(coverage, 12)
    expect(intervalCoverage(lower, upper, targets).meanWidth).toBeCloseTo(meanWidth, 12)
    expect(targets.some((y, i) => y === lower[i] || y === upper[i])).toBe(true)
  },
)

test('RMSE', () => {
  expect(rmse([1, 2, 3], [1, 4, 7])).toBeCloseTo(Math.sqrt(20 / 3), 12)
  expect(() => rmse([1], [1, 2])).toThrow(ShapeMismatchError)
})

test('interval coverage: ends are inside', () => {
  expect(intervalCoverage([0, 0, 0, 0], [1, 1, 1, 3], [0, 1, 2, 3])).toEqual({ coverage: 0.75, meanWidth: 1.5 })
  expect(() => intervalCoverage([1], [0], [0])).toThrow(/upper\[0\] is 0; expected at least lower\[0\], 1/)
  expect(() => intervalCoverage([], [], [])).toThrow(ShapeMismatchError)
})
