import type { TrainingStream } from '@tfjs-bayes/training'
import { IMAGE_PIXELS, IMAGE_SIDE } from '../../mnist/idx.ts'
import { type DigitSet, normalizedPixels } from './digits.ts'
import { randomIntegers, randomOrder } from './randomIntegers.ts'

/** Pixels that a digit moves at most, to each side. */
const REACH = 1

/**
 * Training digits in a new order each epoch, each moved by a random step of at most one pixel: wider data, with the same number of examples N in the ELBO.
 *
 * @param digits they stay the caller's
 * @param options.seed order and steps of each epoch follow from it
 */
export function shiftedDigits(
  digits: DigitSet,
  { batchSize, seed }: { readonly batchSize: number; readonly seed: number },
): TrainingStream {
  const pixels = digits.x.dataSync() as Float32Array
  const [paper] = normalizedPixels([0]) as unknown as [number]
  return {
    stream: function* (epoch) {
      const order = randomOrder(digits.count, seed + 7919 * epoch)
      const steps = randomIntegers(2 * digits.count, 2 * REACH + 1, seed + 7919 * epoch + 1)
      for (let start = 0; start < digits.count; start += batchSize) {
        const rows = order.slice(start, start + batchSize)
        const values = new Float32Array(rows.length * IMAGE_PIXELS)
        rows.forEach((row, i) => {
          const [down, right] = [steps[2 * (start + i)]! - REACH, steps[2 * (start + i) + 1]! - REACH]
          moveInto(values, i * IMAGE_PIXELS, pixels.subarray(row * IMAGE_PIXELS, (row + 1) * IMAGE_PIXELS), {
            down,
            right,
            paper,
          })
        })
        yield {
          x: { values, shape: [rows.length, IMAGE_PIXELS] },
          y: Int32Array.from(rows, (row) => digits.labels[row]!),
        }
      }
    },
  }
}

function moveInto(
  target: Float32Array,
  offset: number,
  image: Float32Array,
  { down, right, paper }: { readonly down: number; readonly right: number; readonly paper: number },
): void {
  for (let row = 0; row < IMAGE_SIDE; row++) {
    for (let column = 0; column < IMAGE_SIDE; column++) {
      const [fromRow, fromColumn] = [row - down, column - right]
      const inside = fromRow >= 0 && fromRow < IMAGE_SIDE && fromColumn >= 0 && fromColumn < IMAGE_SIDE
      target[offset + row * IMAGE_SIDE + column] = inside ? image[fromRow * IMAGE_SIDE + fromColumn]! : paper
    }
  }
}
