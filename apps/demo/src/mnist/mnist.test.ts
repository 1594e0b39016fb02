import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { InvalidDataFileError } from '../errors.ts'
import { imageAt, loadMnist, packagedDataFolder, toUnitInterval } from './mnist.ts'

const folder = mkdtempSync(join(tmpdir(), 'mnist-'))
afterAll(() => rmSync(folder, { recursive: true }))

const whole = loadMnist(packagedDataFolder(), { trainRows: 50_000, validationRows: 10_000, testRows: 10_000 })

test('the package holds MNIST: 70,000 digits, split as the field splits them', () => {
  expect([whole.train, whole.validation, whole.test].map((split) => split.count)).toEqual([50_000, 10_000, 10_000])
  // The first labels of the two files, as printed all over the literature, and the class sizes of the test file.
  expect([...whole.train.labels.subarray(0, 10)]).toEqual([5, 0, 4, 1, 9, 2, 1, 3, 1, 4])
  expect([...whole.test.labels.subarray(0, 10)]).toEqual([7, 2, 1, 0, 4, 1, 4, 9, 5, 9])
  const sizes = Array<number>(10).fill(0)
  for (const label of whole.test.labels) sizes[label]!++
  expect(sizes).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009])
})

test('training and validation rows are different rows of the training file', () => {
  const small = loadMnist(packagedDataFolder(), { trainRows: 3, validationRows: 2, testRows: 4 })
  expect(small.train.images).toEqual(whole.train.images.subarray(0, 3 * 784))
  expect(small.validation.labels).toEqual(whole.validation.labels.subarray(0, 2))
  expect(small.test.count).toBe(4)
  expect(imageAt(small.test, 3)).toEqual(whole.test.images.subarray(3 * 784, 4 * 784))
})

test('pixels are in [0, 1], and both ends occur', () => {
  const pixels = toUnitInterval(whole.test)
  let [least, most, sum] = [Infinity, -Infinity, 0]
  for (const pixel of pixels) {
    least = Math.min(least, pixel)
    most = Math.max(most, pixel)
    sum += pixel
  }
  expect([least, most]).toEqual([0, 1])
  expect(sum / pixels.length).toBeCloseTo(0.1325, 4)
})

test('files of different lengths, and too few rows, are named errors', () => {
  const name = (prefix: string, kind: string): string => `${prefix}-${kind}-ubyte`
  for (const kind of ['images-idx3', 'labels-idx1']) {
    symlinkSync(join(packagedDataFolder(), name('t10k', kind)), join(folder, name('train', kind)))
    symlinkSync(join(packagedDataFolder(), name('t10k', kind)), join(folder, name('t10k', kind)))
  }
  expect(() => loadMnist(folder, { trainRows: 1, validationRows: 1, testRows: 1 })).toThrow(
    /the training split has 0 examples, but this run needs 1/,
  )
  rmSync(join(folder, 't10k-labels-idx1-ubyte'))
  writeFileSync(join(folder, 't10k-labels-idx1-ubyte'), Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 1, 1))
  rmSync(join(folder, 'train-images-idx3-ubyte'))
  rmSync(join(folder, 'train-labels-idx1-ubyte'))
  for (const kind of ['images-idx3', 'labels-idx1'])
    symlinkSync(join(packagedDataFolder(), name('train', kind)), join(folder, name('train', kind)))
  const load = (): unknown => loadMnist(folder, { trainRows: 1, validationRows: 1, testRows: 1 })
  expect(load).toThrow(InvalidDataFileError)
  expect(load).toThrow(/t10k-images-idx3-ubyte holds 10000 images, but t10k-labels-idx1-ubyte holds 2 labels/)
})
