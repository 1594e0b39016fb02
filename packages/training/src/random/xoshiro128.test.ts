import { chiSquarePValue } from '@tfjs-bayes/testing'
import { expect, test } from 'vitest'
import { Xoshiro128 } from './xoshiro128.ts'

test('the words are those of the authors’ C code with state 1, 2, 3, 4', () => {
  const generator = new Xoshiro128([1, 2, 3, 4])
  const words = Array.from({ length: 10 }, () => generator.next())
  expect(words).toEqual([11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804])
})

test('below(n) is uniform, also where 2^32 is far from a multiple of n', () => {
  const generator = new Xoshiro128([5, 6, 7, 8])
  // With a plain remainder the lower third of this range would come out twice as often as the rest.
  const bound = 3 * 2 ** 30
  const thirds = [0, 0, 0]
  for (let i = 0; i < 30_000; i++) thirds[Math.floor((generator.below(bound) / bound) * 3)]!++
  const statistic = thirds.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0)
  expect(chiSquarePValue(statistic, 2)).toBeGreaterThan(1e-4)
})
