import { int32 } from './statelessOp.ts'

/**
 * The key of one of a seed's streams, for the stateless draws: a draw is then a function of (seed, stream, call, element).
 *
 * The streams of one seed never have the same key, for each step is a bijection. Those of different seeds may, as any two numbers of 32 bits may: a
 * stream of one seed meets one of another with probability 2^-32.
 *
 * @param seed a 32-bit integer: one run
 * @param stream a 32-bit integer: what the numbers are for, a layer's weights for instance
 * @returns an int32
 * @throws InvalidArgumentError if one of them is not an integer of 32 bits
 */
export function streamKey(seed: number, stream: number): number {
  return mix32((mix32(int32('streamKey', 'seed', seed)) + Math.imul(int32('streamKey', 'stream', stream), 0x9e3779b9)) | 0)
}

/** The finalizer of MurmurHash3 (Appleby): every bit of the argument changes every bit of the result with probability about a half. */
function mix32(x: number): number {
  let h = x
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) | 0
}
