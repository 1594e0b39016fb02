import type { StreamBatch } from '@tfjs-bayes/training'
import { expect, test } from 'vitest'
import { IMAGE_PIXELS, IMAGE_SIDE } from '../../mnist/idx.ts'
import { digitSet, normalizedPixels } from './digits.ts'
import { shiftedDigits } from './shiftedDigits.ts'

/** Each digit is one dot of ink at a place of its own, whose brightness is its number. */
const COUNT = 12
const PLACE = 10 * IMAGE_SIDE + 14

function dots(): { images: Uint8Array; labels: Uint8Array; count: number } {
  const images = new Uint8Array(COUNT * IMAGE_PIXELS)
  for (let row = 0; row < COUNT; row++) images[row * IMAGE_PIXELS + PLACE] = 10 * (row + 1)
  return { images, labels: Uint8Array.from({ length: COUNT }, (_, i) => i % 10), count: COUNT }
}

function epochOf(number: number, seed: number): { ink: number; place: number; label: number }[] {
  const digits = digitSet(dots())
  const { stream } = shiftedDigits(digits, { batchSize: 5, seed })
  const batches = [...((stream as (epoch: number) => Iterable<StreamBatch>)(number) as Iterable<StreamBatch>)]
  digits.dispose()
  expect(batches).toHaveLength(3)
  const [paper] = normalizedPixels([0])
  return batches.flatMap((batch) => {
    const { x, y } = batch as { x: { values: Float32Array; shape: readonly number[] }; y: Int32Array }
    return Array.from(y, (label, row) => {
      const image = x.values.subarray(row * IMAGE_PIXELS, (row + 1) * IMAGE_PIXELS)
      const places = [...image.keys()].filter((i) => image[i] !== paper)
      expect(places).toHaveLength(1)
      return { ink: Math.round((image[places[0]!]! * 0.3081 + 0.1307) * 255), place: places[0]!, label }
    })
  })
}

test('every digit comes once, with its label, moved by at most a pixel', () => {
  const rows = epochOf(0, 1)
  expect(rows.map(({ ink }) => ink).sort((a, b) => a - b)).toEqual(Array.from({ length: COUNT }, (_, i) => 10 * (i + 1)))
  for (const { ink, place, label } of rows) {
    expect(label).toBe((ink / 10 - 1) % 10)
    const [down, right] = [Math.floor(place / IMAGE_SIDE) - 10, (place % IMAGE_SIDE) - 14]
    expect(Math.max(Math.abs(down), Math.abs(right))).toBeLessThanOrEqual(1)
  }
  expect(new Set(rows.map(({ place }) => place)).size).toBeGreaterThan(3)
})

test('an epoch is the same again, another is not', () => {
  expect(epochOf(2, 1)).toEqual(epochOf(2, 1))
  expect(epochOf(3, 1)).not.toEqual(epochOf(2, 1))
})
