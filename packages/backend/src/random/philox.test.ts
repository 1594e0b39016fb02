import fc from 'fast-check'
import { expect, test } from 'vitest'
import { philox4x32 } from './philox.ts'

// Counter, key and result of Philox 4x32-10: tests/kat_vectors of Random123 (the algorithm's authors).
const KNOWN_ANSWERS = [
  ['00000000 00000000 00000000 00000000', '00000000 00000000', '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
  ['ffffffff ffffffff ffffffff ffffffff', 'ffffffff ffffffff', '408f276d 41c83b0e a20bc7c6 6d5451fd'],
  ['243f6a88 85a308d3 13198a2e 03707344', 'a4093822 299f31d0', 'd16cfe09 94fdcceb 5001e420 24126ea1'],
] as const

const words = (text: string): Uint32Array => Uint32Array.from(text.split(' '), (word) => Number.parseInt(word, 16))

test.each(KNOWN_ANSWERS)('Philox of counter %s and key %s is the published %s', (counter, key, expected) => {
  const out = new Uint32Array(4)
  philox4x32(words(counter), words(key), out)
  expect(out).toEqual(words(expected))
})

test('the result may take the place of the counter', () => {
  const [counter, key, expected] = KNOWN_ANSWERS[2]
  const block = words(counter)
  philox4x32(block, words(key), block)
  expect(block).toEqual(words(expected))
})

test('it is ten rounds of the paper’s 64-bit arithmetic, for any counter and key', () => {
  const word = fc.integer({ min: 0, max: 0xffffffff })
  const block = fc.tuple(word, word, word, word)
  fc.assert(
    fc.property(block, fc.tuple(word, word), (counter, key) => {
      const out = new Uint32Array(4)
      philox4x32(Uint32Array.from(counter), key, out)
      expect([...out]).toEqual(bigIntPhilox(counter, key))
    }),
  )
})

/** Salmon et al., 2011, section 3.3, with exact integers. */
function bigIntPhilox(counter: readonly number[], key: readonly number[]): number[] {
  const mask = 0xffffffffn
  let [c0, c1, c2, c3] = counter.map(BigInt) as [bigint, bigint, bigint, bigint]
  let [k0, k1] = key.map(BigInt) as [bigint, bigint]
  for (let round = 0; round < 10; round++) {
    const p0 = 0xd2511f53n * c0
    const p1 = 0xcd9e8d57n * c2
    ;[c0, c1, c2, c3] = [(p1 >> 32n) ^ c1 ^ k0, p1 & mask, (p0 >> 32n) ^ c3 ^ k1, p0 & mask]
    k0 = (k0 + 0x9e3779b9n) & mask
    k1 = (k1 + 0xbb67ae85n) & mask
  }
  return [c0, c1, c2, c3].map(Number)
}
