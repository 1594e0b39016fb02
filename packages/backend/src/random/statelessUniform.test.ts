import { expect, test } from 'vitest'
import { UNIFORM } from './statelessUniform.ts'

// Fixed seeds: these either hold or do not. The bound is what random seeds would pass but once in two million tries.
const FIVE_SIGMA = 5

test('numbers are multiples of 2^-23 in [0, 1), spread evenly over it, each place of a block alike', () => {
  const [size, cells] = [400_000, 50]
  const values = UNIFORM.twin(size, [2026, 2])
  for (let place = 0; place < 4; place++) {
    const counts = new Array<number>(cells).fill(0)
    for (let i = place; i < size; i += 4) {
      const value = values[i]!
      expect(value >= 0 && value < 1 && Number.isInteger(value * 2 ** 23)).toBe(true)
      counts[Math.floor(value * cells)]!++
    }
    const expected = size / 4 / cells
    const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
    // Wilson and Hilferty: the cube root of a chi-square over its degrees of freedom is close to normal.
    const degrees = cells - 1
    const z = (Math.cbrt(chiSquare / degrees) - (1 - 2 / (9 * degrees))) / Math.sqrt(2 / (9 * degrees))
    expect(Math.abs(z)).toBeLessThan(FIVE_SIGMA)
  }
})

test('neighbours, counters and keys are uncorrelated', () => {
  const size = 100_000
  const [a, b, c] = [
    [1, 1],
    [1, 2],
    [2, 1],
  ].map(([key, counter]) => UNIFORM.twin(size, [key!, counter!])) as [Float32Array, Float32Array, Float32Array]
  // The product of two independent centred uniform numbers has standard deviation 1/12.
  const correlation = (x: Float32Array, y: Float32Array, lag: number): number =>
    x.subarray(lag).reduce((sum, value, i) => sum + (value - 0.5) * (y[i]! - 0.5), 0) * 12
  for (const [x, y] of [
    [a, b],
    [a, c],
    [b, c],
  ] as const)
    expect(Math.abs(correlation(x, y, 0)) / Math.sqrt(size)).toBeLessThan(FIVE_SIGMA)
  for (const lag of [1, 2, 3, 4, 8]) expect(Math.abs(correlation(a, a, lag)) / Math.sqrt(size - lag)).toBeLessThan(FIVE_SIGMA)
})
