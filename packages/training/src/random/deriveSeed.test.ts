import { expect, test } from 'vitest'
import { deriveSeed } from './deriveSeed.ts'

test('neighbouring seeds and words give different int32 seeds', () => {
  const seen = new Set<number>()
  for (let seed = -30; seed < 30; seed++) for (let word = 0; word < 30; word++) seen.add(deriveSeed(seed, word))
  expect(seen.size).toBe(1800)
  for (const derived of seen) expect(derived).toBe(derived | 0)
})

test('the order and the number of the words matter', () => {
  expect(deriveSeed(1, 2, 3)).not.toBe(deriveSeed(1, 3, 2))
  expect(deriveSeed(1, 2)).not.toBe(deriveSeed(2, 1))
  expect(deriveSeed(1, 0)).not.toBe(deriveSeed(1))
  expect(deriveSeed(1, 0, 0)).not.toBe(deriveSeed(1, 0))
})
