import { expect, test } from 'vitest'
import { NORMAL } from './statelessNormal.ts'

test('different keys and different counters are different, uncorrelated streams', () => {
  const size = 40_000
  const streams = [
    [1, 1],
    [1, 2],
    [2, 1],
    [2, 2],
  ].map(([key, counter]) => NORMAL.twin(size, [key!, counter!]))
  for (const [i, a] of streams.entries())
    for (const b of streams.slice(i + 1)) {
      const correlation = a.reduce((sum, value, at) => sum + value * b[at]!, 0) / size
      expect(Math.abs(correlation) * Math.sqrt(size)).toBeLessThan(FIVE_SIGMA)
    }
})

// Fixed seeds: these either hold or do not. The bound is what random seeds would pass but once in two million tries.
const FIVE_SIGMA = 5

test('moments and quantiles are those of N(0, 1)', () => {
  const size = 200_000
  const values = NORMAL.twin(size, [2026, 1])
  const moment = (power: number): number => values.reduce((sum, value) => sum + value ** power, 0) / size
  // Mean and variance of the k-th power of a standard normal: (k-1)!!, and (2k-1)!! - ((k-1)!!)^2.
  for (const [power, mean, variance] of [
    [1, 0, 1],
    [2, 1, 2],
    [3, 0, 15],
    [4, 3, 96],
  ] as const)
    expect(Math.abs(moment(power) - mean) / Math.sqrt(variance / size)).toBeLessThan(FIVE_SIGMA)
  for (const [quantile, probability] of [
    [-2.575829, 0.005],
    [-1.959964, 0.025],
    [-0.67449, 0.25],
    [0, 0.5],
    [0.841621, 0.8],
    [2.326348, 0.99],
  ] as const) {
    const below = values.reduce((count, value) => count + (value < quantile ? 1 : 0), 0) / size
    expect(Math.abs(below - probability) / Math.sqrt((probability * (1 - probability)) / size)).toBeLessThan(FIVE_SIGMA)
  }
})
