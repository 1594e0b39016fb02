import { expect, test } from 'vitest'
import { broadcast, normalizeAxis, product, quotient } from './dimensions.ts'

test('broadcast', () => {
  expect(broadcast(['samples', 1, 3], ['batch', 3])).toEqual(['samples', 'batch', 3])
  expect(broadcast([], [2, 1], [1, 4])).toEqual([2, 4])
  expect(() => broadcast([2], [3])).toThrow(/do not broadcast/)
  expect(() => broadcast(['batch'], ['samples'])).toThrow(/do not broadcast/)
})

test('product and quotient keep symbols', () => {
  expect(product(['samples', 'batch', 3, 2])).toBe('6*batch*samples')
  expect(product([])).toBe(1)
  expect(quotient(['6*batch*samples'], ['samples', 2])).toBe('3*batch')
  expect(quotient(['batch', 4], ['batch', 2])).toBe(2)
  expect(quotient(['batch'], ['samples'])).toBeUndefined()
  expect(quotient(['batch', 3], [2])).toBeUndefined()
})

test('normalizeAxis', () => {
  expect(normalizeAxis(-1, 3)).toBe(2)
  expect(() => normalizeAxis(3, 3)).toThrow(/axis 3 of a tensor of rank 3/)
})
