import * as tf from '@tensorflow/tfjs'
import { IMAGE_PIXELS } from '../../mnist/idx.ts'
import { type Digits, loadMnist, packagedDataFolder, type SplitSizes } from '../../mnist/mnist.ts'

/** Mean and standard deviation of the pixels of MNIST's training set in [0, 1]: what the published tables normalize with. */
const PIXEL_MEAN = 0.1307
const PIXEL_DEVIATION = 0.3081

/** Digits as a network takes them; the tensors are the caller's. */
export interface DigitSet {
  /** [count, 784], normalized. */
  readonly x: tf.Tensor2D
  /** [count], int32. */
  readonly y: tf.Tensor1D
  readonly labels: Uint8Array
  readonly count: number
  dispose(): void
}

/** MNIST in its three parts: 50,000 to train, 10,000 to choose by, 10,000 to test once. */
export interface DigitSplits {
  readonly train: DigitSet
  readonly validation: DigitSet
  readonly test: DigitSet
  dispose(): void
}

/** @throws as `loadMnist` */
export function digitSplits(folder: string | undefined, sizes: SplitSizes): DigitSplits {
  const { train, validation, test } = loadMnist(folder ?? packagedDataFolder(), sizes)
  const sets = { train: digitSet(train), validation: digitSet(validation), test: digitSet(test) }
  return {
    ...sets,
    dispose: () => {
      for (const set of Object.values(sets)) set.dispose()
    },
  }
}

export function digitSet({ images, labels, count }: Digits): DigitSet {
  const tensors = {
    x: tf.tensor2d(normalizedPixels(images), [count, IMAGE_PIXELS]),
    y: tf.tensor1d(Int32Array.from(labels), 'int32'),
  }
  return { ...tensors, labels, count, dispose: () => tf.dispose(tensors) }
}

/** Bytes (or numbers from 0 to 255) as networks take them. */
export function normalizedPixels(pixels: ArrayLike<number>): Float32Array {
  return Float32Array.from(pixels, (pixel) => (pixel / 255 - PIXEL_MEAN) / PIXEL_DEVIATION)
}
