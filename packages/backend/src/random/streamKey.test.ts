import { expect, test } from 'vitest'
import { InvalidArgumentError } from '../errors.ts'
import { streamKey } from './streamKey.ts'

test('the streams of a seed have different keys, and neighbouring seeds share none of theirs', () => {
  for (const seed of [0, 1, -1, 123_456_789]) {
    const keys = new Set(Array.from({ length: 20_000 }, (_, stream) => streamKey(seed, stream)))
    expect(keys.size).toBe(20_000)
  }
  const keys = [7, 8, 9].flatMap((seed) => Array.from({ length: 100 }, (_, stream) => streamKey(seed, stream)))
  expect(new Set(keys).size).toBe(300)
})

test('keys are int32, whatever the spelling, and never change: these make stored runs repeatable', () => {
  expect(streamKey(0xffffffff, 3)).toBe(streamKey(-1, 3))
  // By MurmurHash3's published finalizer, in Python with integers of any size.
  expect([streamKey(0, 0), streamKey(1, 0), streamKey(1, 1), streamKey(-1, 3)]).toEqual([
    0, 804_215_951, 1_348_811_757, 247_175_239,
  ])
})

test.each([
  ['seed', 0.5, 0],
  ['seed', Number.NaN, 0],
  ['stream', 0, 2 ** 32],
])('a %s outside 32 bits is refused', (name, seed, stream) => {
  expect(() => streamKey(seed, stream)).toThrow(InvalidArgumentError)
  expect(() => streamKey(seed, stream)).toThrow(`streamKey: ${name} is`)
})
