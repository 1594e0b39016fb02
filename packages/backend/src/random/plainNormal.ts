import { philox4x32 } from './philox.ts'

/** TensorFlow scrambles the two seed words with Philox itself under this fixed key before it uses them (core/kernels/stateless_random_ops.cc). */
const SCRAMBLE_KEY = [0x3ec8f720, 0x02461e29] as const

/** A float32 in [0, 1) made of 23 random bits, as TensorFlow makes it. */
const unitInterval = (word: number): number => (word & 0x7fffff) / 0x800000

/**
 * Standard normal numbers as TensorFlow's `StatelessRandomNormal` draws them, in TypeScript: the twin for backends without that op.
 *
 * @param size how many
 * @param seed two int32 words
 * @returns `size` float32 numbers, equal to TensorFlow's up to float rounding of log, sin and cos
 */
export function plainNormal(size: number, seed: readonly [number, number]): Float32Array {
  const block = Uint32Array.of(seed[0], seed[0] < 0 ? 0xffffffff : 0, seed[1], seed[1] < 0 ? 0xffffffff : 0)
  philox4x32(block, SCRAMBLE_KEY, block)
  const key = Uint32Array.of(block[0]!, block[1]!)
  const counter = Uint32Array.of(0, 0, block[2]!, block[3]!)
  const values = new Float32Array(size)
  for (let i = 0; i < size; i += 4) {
    philox4x32(counter, key, block)
    for (let pair = 0; pair < 4 && i + pair < size; pair += 2) {
      // Box-Muller; the bound keeps the logarithm finite, as in TensorFlow's BoxMullerFloat.
      const radius = Math.sqrt(-2 * Math.log(Math.max(unitInterval(block[pair]!), 1e-7)))
      const angle = 2 * Math.PI * unitInterval(block[pair + 1]!)
      values[i + pair] = radius * Math.sin(angle)
      values[i + pair + 1] = radius * Math.cos(angle) // past the end, a typed array drops the write
    }
    counter[0]!++
    if (counter[0] === 0) counter[1]!++
  }
  return values
}
