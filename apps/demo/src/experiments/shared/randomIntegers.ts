/**
 * Whole numbers from 0 to `below` - 1, the same for the same seed: the mulberry32 generator of Tommy Ettinger, for pictures of noise and splits of data.
 *
 * @param below at most 2^32
 * @param seed int32
 */
export function randomIntegers(count: number, below: number, seed: number): number[] {
  let state = seed | 0
  return Array.from({ length: count }, () => {
    state = (state + 0x6d2b79f5) | 0
    let word = Math.imul(state ^ (state >>> 15), state | 1)
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61)
    return Math.floor((((word ^ (word >>> 14)) >>> 0) / 0x100000000) * below)
  })
}

/** The numbers from 0 to `count` - 1 in a random order (Fisher-Yates). */
export function randomOrder(count: number, seed: number): number[] {
  const order = Array.from({ length: count }, (_, i) => i)
  const numbers = randomIntegers(count, 0x100000000, seed)
  for (let last = count - 1; last > 0; last--) {
    const other = numbers[last]! % (last + 1)
    ;[order[last], order[other]] = [order[other]!, order[last]!]
  }
  return order
}
