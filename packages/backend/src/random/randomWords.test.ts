import { expect, test } from 'vitest'
import { randomWords } from './randomWords.ts'

// Fixed seeds: these either hold or do not. The bound is what random seeds would pass but once in two million tries.
const FIVE_SIGMA = 5

test('all 32 bits of a word, the sign among them, are fair coins, and independent of those of the next words', () => {
  const size = 100_000
  const words = new Int32Array(size)
  randomWords(size, [2026, 3], (block, at) => {
    for (let i = 0; i < 4; i++) words[at + i] = block[i]!
  })
  const bias = (coin: (i: number) => number, tosses: number): number => {
    let sum = 0
    for (let i = 0; i < tosses; i++) sum += coin(i) === 0 ? -1 : 1
    return Math.abs(sum) / Math.sqrt(tosses)
  }
  for (let bit = 0; bit < 32; bit++) {
    expect(bias((i) => (words[i]! >>> bit) & 1, size)).toBeLessThan(FIVE_SIGMA)
    for (const lag of [1, 2, 3, 4])
      expect(bias((i) => ((words[i]! ^ words[i + lag]!) >>> bit) & 1, size - lag)).toBeLessThan(FIVE_SIGMA)
  }
})
