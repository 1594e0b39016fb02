import { expect, test } from 'vitest'
import { pointsOfNormal } from './pointsOfNormal.ts'
import { standardDraws } from './standardDraws.ts'

const COUNT = 32

function average(points: Float32Array, size: number, f: (point: Float32Array) => number): number {
  const count = points.length / size
  let sum = 0
  for (let i = 0; i < count; i++) sum += f(points.subarray(i * size, (i + 1) * size))
  return sum / count
}

test.each([1, 3, 10, 40])('%i dimensions: means 0, variances 1, and all odd moments 0', (size) => {
  const points = pointsOfNormal(COUNT, size)
  expect(points.length).toBe(COUNT * size)
  for (let axis = 0; axis < size; axis++) {
    expect(average(points, size, (x) => x[axis]!)).toBeCloseTo(0, 6)
    expect(average(points, size, (x) => x[axis]! ** 2)).toBeCloseTo(1, 5)
    expect(average(points, size, (x) => x[axis]! ** 2 * x[0]!)).toBeCloseTo(0, 5)
    // Between the fourth moment of two points, 1, and that of a normal distribution, 3.
    const fourth = average(points, size, (x) => x[axis]! ** 4)
    expect(fourth).toBeGreaterThan(1.5)
    expect(fourth).toBeLessThan(4.5)
  }
})

test('coordinates are not correlated, as long as there are enough points', () => {
  for (const size of [2, 10, 15]) {
    const points = pointsOfNormal(COUNT, size)
    for (let a = 0; a < size; a++)
      for (let b = 0; b < a; b++) expect(average(points, size, (x) => x[a]! * x[b]!)).toBeCloseTo(0, 5)
  }
})

test('a softmax averages nearer to its mean than over twice as many stratified draws', () => {
  const softmax = (logits: Float32Array): number => Math.exp(logits[0]!) / logits.reduce((sum, logit) => sum + Math.exp(logit), 0)
  for (const size of [2, 4, 10]) {
    // By symmetry the mean is 1 / size.
    const error = (points: Float32Array): number => Math.abs(average(points, size, softmax) - 1 / size)
    const errors = Array.from({ length: 20 }, (_, seed) =>
      error(standardDraws({ samples: 2 * COUNT, size, seed, method: 'stratified' })),
    )
    expect(error(pointsOfNormal(COUNT, size))).toBeLessThan(Math.sqrt(errors.reduce((sum, e) => sum + e * e, 0) / errors.length))
  }
})
