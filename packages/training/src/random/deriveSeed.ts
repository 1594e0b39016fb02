/**
 * Makes an independent int32 seed out of a seed and some words that say what it is for (an epoch, a purpose).
 *
 * Each word is mixed in by the finalizer of MurmurHash3 (Appleby), which sends every input bit to every output bit. So seeds 1, 2, 3 and
 * epochs 1, 2, 3 share no streams, which adding them up would.
 *
 * @param seed int32
 * @param words int32 each
 * @returns int32
 */
export function deriveSeed(seed: number, ...words: readonly number[]): number {
  let hash = mix(seed ^ 0x2545f491)
  for (const word of words) hash = mix(Math.imul(hash, 5) + 0x6b43a9b5 + mix(word ^ 0x1b873593))
  return hash
}

/** What a derived seed is for, so that no two uses of one seed share a stream. */
export const SeedPurpose = {
  dataOrder: 1,
  trainingNoise: 2,
  validationNoise: 3,
  predictiveNoise: 4,
  gradientNoise: 5,
  evaluationNoise: 6,
} as const

function mix(word: number): number {
  let h = word | 0
  h ^= h >>> 16
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  h ^= h >>> 16
  return h
}
