import { chiSquarePValue, ksPValue } from '@tfjs-bayes/testing'
import { expect, test } from 'vitest'
import { randomIntegers, randomOrder } from './randomIntegers.ts'
import { seededNormals } from './seededNormals.ts'

/** One false alarm in a million. */
const ALARM = 1e-6

test('whole numbers are uniform, and the same for the same seed', () => {
  const numbers = randomIntegers(20_000, 16, 3)
  const counts = Array.from({ length: 16 }, (_, i) => numbers.filter((number) => number === i).length)
  const statistic = counts.reduce((sum, count) => sum + (count - 1250) ** 2 / 1250, 0)
  expect(chiSquarePValue(statistic, 15), 'seed 3').toBeGreaterThan(ALARM)
  expect(randomIntegers(50, 1000, 3)).toEqual(randomIntegers(50, 1000, 3))
  expect(randomIntegers(50, 1000, 4)).not.toEqual(randomIntegers(50, 1000, 3))
})

test('an order holds every number once', () => {
  const order = randomOrder(100, 5)
  expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i))
  expect(order).not.toEqual([...order].sort((a, b) => a - b))
})

test('normals have the normal distribution', () => {
  const normals = seededNormals(5000, 8)
  expect(ksPValue(normals, normalCdf), 'seed 8').toBeGreaterThan(ALARM)
})

/** Abramowitz & Stegun 7.1.26, to 1.5e-7. */
function normalCdf(x: number): number {
  const t = 1 / (1 + (0.3275911 * Math.abs(x)) / Math.SQRT2)
  const tail = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
  const erf = 1 - tail * Math.exp((-x * x) / 2)
  return 0.5 * (1 + Math.sign(x) * erf)
}
