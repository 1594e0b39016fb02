import { describe, expect, test } from 'vitest'
import { inverseNormalCdf } from './inverseNormalCdf.ts'
import { randomIntegers } from './randomIntegers.ts'
import { DRAW_METHODS, standardDraws, streamSeed } from './standardDraws.ts'

test('inverseNormalCdf has the quantiles of tables', () => {
  // Abramowitz and Stegun, table 26.5, and symmetry; the last one lies in the tail's branch.
  for (const [p, x] of [
    [0.5, 0],
    [0.975, 1.959963984540054],
    [0.9999, 3.719016485455709],
    [1e-10, -6.361340902404056],
    [1e-20, -9.26234008979841],
  ] as const) {
    expect(inverseNormalCdf(p)).toBeCloseTo(x, 12)
    if (p > 1e-5) expect(inverseNormalCdf(1 - p)).toBeCloseTo(-x, 10)
  }
})

test('randomIntegers is uniform, and the same for the same seed', () => {
  const [next, again, other] = [randomIntegers(1), randomIntegers(1), randomIntegers(2)]
  const counts = new Float64Array(64)
  const draws = 64_000
  for (let i = 0; i < draws; i++) {
    const value = next()
    expect(again()).toBe(value)
    counts[value >>> 26]!++
  }
  expect(other()).not.toBe(randomIntegers(1)())
  const chiSquare = counts.reduce((sum, count) => sum + (count - draws / 64) ** 2 / (draws / 64), 0)
  // 63 degrees of freedom: beyond 130 with a probability of 1e-6; the seed is fixed.
  expect(chiSquare).toBeLessThan(130)
})

describe.each(DRAW_METHODS)('%s', (method) => {
  const size = 300
  test.each([1, 2, 7, 32])('%d draws', (samples) => {
    const draws = standardDraws({ samples, size, seed: 3, method })
    expect(draws).toEqual(standardDraws({ samples, size, seed: 3, method }))
    expect(draws).not.toEqual(standardDraws({ samples, size, seed: 4, method }))
    const columns = Array.from({ length: size }, (_, unit) =>
      Array.from({ length: samples }, (__, sample) => draws[sample * size + unit]!),
    )
    const meanOf = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length
    const varianceOf = (values: readonly number[]): number => meanOf(values.map((value) => (value - meanOf(values)) ** 2))
    if (samples > 1 && (method === 'momentMatched' || method === 'stratified')) {
      for (const column of columns) {
        expect(meanOf(column)).toBeCloseTo(0, 5)
        expect(varianceOf(column)).toBeCloseTo(1, 5)
      }
    }
    if (method === 'antithetic' && samples % 2 === 0) for (const column of columns) expect(meanOf(column)).toBeCloseTo(0, 6)
    if (method === 'latinHypercube') {
      for (const column of columns) {
        // One in each stratum: the sorted draws lie between the strata's borders.
        const sorted = [...column].sort((a, b) => a - b)
        sorted.slice(1).forEach((value, i) => {
          expect(value).toBeGreaterThanOrEqual(Math.fround(inverseNormalCdf((i + 1) / samples)))
        })
      }
    }
    // Over all units: mean 0, variance 1. A standard error is at most that of independent draws; 5 of them.
    const count = samples * size
    expect(Math.abs(meanOf([...draws])) * Math.sqrt(count)).toBeLessThan(5)
    const second = meanOf([...draws].map((value) => value ** 2))
    expect(Math.abs(second - 1) * Math.sqrt(count / 2)).toBeLessThan(5)
    // Neighbouring units have nothing in common.
    const products = columns.slice(1).map((column, i) => meanOf(column.map((value, sample) => value * columns[i]![sample]!)))
    expect(Math.abs(meanOf(products)) * Math.sqrt(count)).toBeLessThan(5)
  })
})

test('streams of a seed, and seeds, have their own draws', () => {
  const seeds = new Set([0, 1, 2, -1, 12345].flatMap((seed) => [0, 1, 2, 3].map((stream) => streamSeed(seed, stream))))
  expect(seeds.size).toBe(20)
})
