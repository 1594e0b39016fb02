import { deriveSeed, SeedPurpose } from './deriveSeed.ts'
import { Xoshiro128 } from './xoshiro128.ts'

/**
 * A uniformly random order of the rows of a data set, a function of (rows, seed, epoch) alone: nothing to store, and epoch 7 can be
 * reproduced without the six before it.
 *
 * Fisher-Yates from the last row down to the second, with `Xoshiro128` started from four words derived from the seed, the epoch and 1 to 4.
 *
 * @param rows how many, 0 or more
 * @param seed int32
 * @param epoch from 0
 * @returns Int32Array of `rows` different indices
 */
export function shuffledOrder(rows: number, seed: number, epoch: number): Int32Array {
  const word = (i: number): number => deriveSeed(seed, SeedPurpose.dataOrder, epoch, i)
  const generator = new Xoshiro128([word(1), word(2), word(3), word(4)])
  const order = Int32Array.from({ length: rows }, (_, i) => i)
  for (let last = rows - 1; last > 0; last--) {
    const other = generator.below(last + 1)
    const index = order[last]!
    order[last] = order[other]!
    order[other] = index
  }
  return order
}
