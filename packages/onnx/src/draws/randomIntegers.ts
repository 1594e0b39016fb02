/**
 * Random 32-bit integers that depend on nothing but the seed: xoshiro128** (Blackman and Vigna, 2018), its state filled by splitmix32. Integer arithmetic
 * only, so the same on every machine.
 *
 * @param seed an integer; its low 32 bits count
 * @returns a function that gives the next integer, 0 to 2^32 - 1
 */
export function randomIntegers(seed: number): () => number {
  let filler = seed | 0
  const fill = (): number => {
    filler = (filler + 0x9e3779b9) | 0
    let z = filler
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return z ^ (z >>> 15)
  }
  let [a, b, c, d] = [fill(), fill(), fill(), fill()]
  return () => {
    const scrambled = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9)
    const shifted = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = rotateLeft(d, 11)
    return scrambled >>> 0
  }
}

function rotateLeft(x: number, bits: number): number {
  return (x << bits) | (x >>> (32 - bits))
}
