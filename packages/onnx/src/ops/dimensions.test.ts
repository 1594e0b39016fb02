import { expect, test } from 'vitest'
import { broadcast, normalizeAxis, product, quotient, unified } from './dimensions.ts'

test('broadcast', () => {
  expect(broadcast(['samples', 1, 3], ['batch', 3])).toEqual(['samples', 'batch', 3])
  expect(broadcast([], [2, 1], [1, 4])).toEqual([2, 4])
  expect(() => broadcast([2], [3])).toThrow(/do not broadcast/)
  expect(() => broadcast(['batch'], ['samples'])).toThrow(/do not broadcast/)
})

test('open sizes fit what they meet, and rows and draws only themselves', () => {
  expect(broadcast(['batch', 'a_axis_1', 'a_axis_2'], ['batch', 'b_axis_1', 5])).toEqual([
    'batch',
    'broadcast(a_axis_1,b_axis_1)',
    5,
  ])
  expect(broadcast(['broadcast(a,b)'], ['a'], ['windows(c,3,2,same)'])).toEqual(['broadcast(a,b,windows(c,3,2,same))'])
  expect(() => broadcast(['batch'], ['a'])).toThrow(/do not broadcast/)
  expect(() => broadcast(['2*batch'], [4])).toThrow(/do not broadcast/)
  expect([unified('a', 'b'), unified('a', 3), unified(3, 'a'), unified(3, 3)]).toEqual(['b', 3, 3, 3])
  expect([unified(2, 3), unified('batch', 3), unified('a', 'batch'), unified('samples', 'batch')]).toEqual(
    Array(4).fill(undefined),
  )
})

test('product and quotient keep symbols', () => {
  expect(product(['samples', 'batch', 3, 2])).toBe('6*batch*samples')
  expect(product([])).toBe(1)
  expect(quotient(['6*batch*samples'], ['samples', 2])).toBe('3*batch')
  expect(quotient(['batch', 4], ['batch', 2])).toBe(2)
  expect(quotient(['batch'], ['samples'])).toBeUndefined()
  expect(product([2, 'windows(2*a,3,2,same)', 'a'])).toBe('2*a*windows(2*a,3,2,same)')
  expect(quotient(['2*a*windows(2*a,3,2,same)'], ['windows(2*a,3,2,same)'])).toBe('2*a')
  expect(quotient(['batch', 3], [2])).toBeUndefined()
})

test('normalizeAxis', () => {
  expect(normalizeAxis(-1, 3)).toBe(2)
  expect(() => normalizeAxis(3, 3)).toThrow(/axis 3 of a tensor of rank 3/)
})
