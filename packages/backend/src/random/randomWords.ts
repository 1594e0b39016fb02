import { philox4x32 } from './philox.ts'

/** TensorFlow scrambles the two seed words with Philox itself under this fixed key before it uses them (core/kernels/stateless_random_ops.cc). */
const SCRAMBLE_KEY = [0x3ec8f720, 0x02461e29] as const

/**
 * The random words that TensorFlow's stateless ops draw for a seed, in their order.
 *
 * @param size how many
 * @param seed two int32 words
 * @param take gets each block of four words with the place of its first one; the array is used again for the next block
 */
export function randomWords(size: number, seed: readonly [number, number], take: (block: Uint32Array, at: number) => void): void {
  const block = Uint32Array.of(seed[0], seed[0] < 0 ? 0xffffffff : 0, seed[1], seed[1] < 0 ? 0xffffffff : 0)
  philox4x32(block, SCRAMBLE_KEY, block)
  const key = Uint32Array.of(block[0]!, block[1]!)
  const counter = Uint32Array.of(0, 0, block[2]!, block[3]!)
  for (let at = 0; at < size; at += 4) {
    philox4x32(counter, key, block)
    take(block, at)
    counter[0]!++
    if (counter[0] === 0) counter[1]!++
  }
}

/** A float32 in [0, 1) made of 23 random bits, as TensorFlow makes it. */
export function unitInterval(word: number): number {
  return (word & 0x7fffff) / 0x800000
}
