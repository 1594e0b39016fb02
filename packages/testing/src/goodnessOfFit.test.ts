import { expect, test } from 'vitest'
import { chiSquarePValue, ksPValue, momentsZScore, normalPValue } from './goodnessOfFit.ts'

// Expected values: tables of the normal and chi-square distributions; Kolmogorov's 5 % point is 1.3581.
test('p-values of known quantiles', () => {
  expect(normalPValue(1.959963984540054)).toBeCloseTo(0.05, 12)
  expect(normalPValue(-3.290526731491896)).toBeCloseTo(0.001, 12)
  expect(normalPValue(0)).toBe(1)
  expect(chiSquarePValue(18.307038053275146, 10)).toBeCloseTo(0.05, 12)
  expect(chiSquarePValue(2, 2)).toBeCloseTo(Math.exp(-1), 12)
  expect(chiSquarePValue(1, 10)).toBeCloseTo(0.999827884370044, 12)
})

test('Kolmogorov-Smirnov: a stratified sample fits, a shifted one does not, and the 5 % point is where tables put it', () => {
  const n = 1000
  const uniform = Array.from({ length: n }, (_, i) => (i + 0.5) / n)
  const cdf = (x: number): number => Math.min(1, Math.max(0, x))
  expect(ksPValue(uniform, cdf)).toBeGreaterThan(0.999)
  const shift = 1.3581 / (Math.sqrt(n) + 0.12 + 0.11 / Math.sqrt(n)) - 0.5 / n
  expect(
    ksPValue(
      uniform.map((x) => x + shift),
      cdf,
    ),
  ).toBeCloseTo(0.05, 3)
  expect(
    ksPValue(
      uniform.map((x) => x + 0.1),
      cdf,
    ),
  ).toBeLessThan(1e-6)
})

test('z-scores of the moments', () => {
  const samples = Array.from({ length: 400 }, (_, i) => (i % 2 === 0 ? 1 : -1))
  expect(momentsZScore({ samples, mean: 0, variance: 2 }).mean).toBe(0)
  expect(momentsZScore({ samples: samples.map((x) => x + 0.1), mean: 0, variance: 1 }).mean).toBeCloseTo(2, 10)
  const spread = Array.from({ length: 300 }, (_, i) => (i % 3) - 1)
  // second moment 2/3, fourth 2/3: standard error sqrt((2/3 - 4/9) / 300)
  expect(momentsZScore({ samples: spread, mean: 0, variance: 1 }).variance).toBeCloseTo((2 / 3 - 1) / Math.sqrt(2 / 9 / 300), 10)
})
