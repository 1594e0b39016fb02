import { expect, test } from 'vitest'
import { decimals, duration, integer, megabytes, percent, scientific } from './format.ts'

test('numbers as people read them', () => {
  expect(percent(0.0331)).toBe('3.31\u00a0%')
  expect(percent(1, 0)).toBe('100\u00a0%')
  expect(decimals(-0.41333)).toBe('−0.4133')
  expect(decimals(0.5, 1)).toBe('0.5')
  expect(scientific(3.21e-7)).toBe('3.2e−7')
  expect(scientific(0)).toBe('0')
  expect(megabytes(53_700)).toBe('53.7 kB')
  expect(megabytes(3_830_000)).toBe('3.8 MB')
  expect(integer(50_000)).toBe('50,000')
  expect([0.214, 4.56, 59.97, 125].map(duration)).toEqual(['0.21 s', '4.6 s', '1 min 0 s', '2 min 5 s'])
})
