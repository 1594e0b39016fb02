import { expect, test } from 'vitest'
import { gaussianExpectation, integrate } from './integrate.ts'

test('a polynomial of degree 13, on finite bounds', () => {
  expect(integrate((x) => x ** 13 + x ** 2, -1, 2)).toBeCloseTo((2 ** 14 - 1) / 14 + 3, 9)
})

test('infinite and half-infinite bounds', () => {
  expect(integrate((x) => Math.exp(-x * x), Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)).toBeCloseTo(
    Math.sqrt(Math.PI),
    11,
  )
  expect(integrate((x) => Math.exp(-x), 0, Number.POSITIVE_INFINITY)).toBeCloseTo(1, 11)
  expect(integrate((x) => 1 / (1 + x * x), Number.NEGATIVE_INFINITY, 1)).toBeCloseTo(0.75 * Math.PI, 10)
})

test('a spike far narrower than the range, announced', () => {
  const width = 1e-6
  const spike = (x: number): number => Math.exp(-0.5 * ((x - 0.3) / width) ** 2) / (width * Math.sqrt(2 * Math.PI))
  expect(integrate(spike, 0, 1, { points: [0.3 - 8 * width, 0.3, 0.3 + 8 * width] })).toBeCloseTo(1, 9)
})

test('a kink', () => {
  expect(gaussianExpectation(Math.abs, 0, 3)).toBeCloseTo(3 * Math.sqrt(2 / Math.PI), 9)
})

test('moments of a Gaussian', () => {
  expect(gaussianExpectation(() => 1, 5, 0.01)).toBeCloseTo(1, 12)
  expect(gaussianExpectation((x) => x * x, 2, 3)).toBeCloseTo(13, 9)
})

test('an integrand that is not finite is an error', () => {
  expect(() => integrate((x) => 1 / x, -1, 1, { points: [] })).toThrow(/did not converge|integrand is/)
  expect(() => integrate(() => Number.NaN, 0, 1)).toThrow(/integrand is NaN/)
  expect(() => integrate(() => 1, 1, 0)).toThrow(/a < b/)
})
