import { randomIntegers } from './randomIntegers.ts'

/** Standard normal numbers, the same for the same seed (Box & Muller, 1958). */
export function seededNormals(count: number, seed: number): number[] {
  const words = randomIntegers(2 * count, 0x100000000, seed)
  return Array.from({ length: count }, (_, i) => {
    const [u, v] = [(words[2 * i]! + 1) / 0x100000001, words[2 * i + 1]! / 0x100000000]
    return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v)
  })
}
