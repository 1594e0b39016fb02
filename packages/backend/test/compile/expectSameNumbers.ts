import { expect } from 'vitest'

/**
 * Expects the numbers of a graph to be those of eager execution: bit for bit, or within 1e-6 where a softmax took part. With oneDNN, which TensorFlow
 * turns on by the kind of CPU, graphs have a softmax of their own that rounds otherwise.
 */
export function expectSameNumbers(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { softmax }: { softmax: boolean },
): void {
  if (!softmax) {
    expect(actual).toEqual(expected)
    return
  }
  expect(actual.length).toBe(expected.length)
  for (let i = 0; i < expected.length; i++) expect(Math.abs(actual[i]! - expected[i]!)).toBeLessThan(1e-6)
}
