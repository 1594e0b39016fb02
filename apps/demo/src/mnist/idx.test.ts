import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, expect, test } from 'vitest'
import { InvalidDataFileError, MissingDataFileError } from '../errors.ts'
import { readIdxImages, readIdxLabels } from './idx.ts'

const folder = mkdtempSync(join(tmpdir(), 'idx-'))
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, ...parts: readonly (readonly number[] | Uint8Array)[]): string {
  const path = join(folder, name)
  writeFileSync(path, Buffer.concat(parts.map((part) => Uint8Array.from(part))))
  return path
}

const word = (value: number): number[] => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]
const imagesHeader = (count: number, side = 28): number[] => [0x803, count, side, side].flatMap(word)
const labelsHeader = (count: number): number[] => [0x801, count].flatMap(word)

test('reads what the header promises', () => {
  const pixels = Uint8Array.from({ length: 2 * 784 }, (_, i) => i % 251)
  expect(readIdxImages(file('images', imagesHeader(2), pixels))).toEqual(pixels)
  expect([...readIdxLabels(file('labels', labelsHeader(3), [7, 0, 9]))]).toEqual([7, 0, 9])
})

test('a file that is not there', () => {
  expect(() => readIdxImages(join(folder, 'nowhere'))).toThrow(MissingDataFileError)
  expect(() => readIdxImages(join(folder, 'nowhere'))).toThrow(/There is no data file .*nowhere.*--data/)
  expect(() => readIdxLabels(folder)).toThrow(MissingDataFileError)
})

test.each([
  ['empty', () => file('empty'), /empty is empty/],
  ['shorter than its header', () => file('short', [0, 0, 8, 3, 0, 0]), /truncated: 6 bytes, less than its header of 16/],
  [
    'truncated',
    () => file('cut', imagesHeader(2), new Uint8Array(784 + 5)),
    /truncated: .*2 images in 1568 bytes, but 789 follow/,
  ],
  ['too long', () => file('long', imagesHeader(1), new Uint8Array(785)), /too long: .*784 bytes, but 785 follow/],
  [
    'of labels',
    () => file('swapped', labelsHeader(8), new Uint8Array(8)),
    /not an idx file of images: magic number 0x00000801, expected 0x00000803/,
  ],
  ['of other images', () => file('cifar', imagesHeader(1, 32), new Uint8Array(1024)), /32 x 32 pixels; expected 28 x 28/],
  ['without images', () => file('none', imagesHeader(0)), /holds no images/],
  ['still compressed', () => file('images.gz', gzipSync(new Uint8Array(100))), /gunzip/],
])('images: a file that is %s', (_, make, message) => {
  const path = make()
  expect(() => readIdxImages(path)).toThrow(InvalidDataFileError)
  expect(() => readIdxImages(path)).toThrow(message)
})

test('labels out of range are named with their place', () => {
  const path = file('eleven', labelsHeader(3), [1, 2, 11])
  expect(() => readIdxLabels(path)).toThrow(/label 11 at index 2 is out of range; expected 0 to 9/)
})
