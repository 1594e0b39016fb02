import { chiSquarePValue } from '@tfjs-bayes/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { shuffledOrder } from './shuffledOrder.ts'

test('every order holds each row once, and depends on nothing but its arguments', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 300 }), fc.integer(), fc.nat(100), (rows, seed, epoch) => {
      const order = shuffledOrder(rows, seed, epoch)
      expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: rows }, (_, i) => i))
      expect(shuffledOrder(rows, seed, epoch)).toEqual(order)
    }),
  )
})

test('another seed or another epoch is another order', () => {
  const order = shuffledOrder(100, 1, 0)
  expect(shuffledOrder(100, 1, 1)).not.toEqual(order)
  expect(shuffledOrder(100, 2, 0)).not.toEqual(order)
})

test('all 24 orders of four rows are equally frequent', () => {
  const counts = new Map<string, number>()
  for (let epoch = 0; epoch < 24_000; epoch++) {
    const key = shuffledOrder(4, 9, epoch).join()
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  expect(counts.size).toBe(24)
  const statistic = [...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0)
  expect(chiSquarePValue(statistic, 23)).toBeGreaterThan(1e-4)
})
