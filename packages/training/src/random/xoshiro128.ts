/**
 * Uniform 32-bit words: xoshiro128** 1.1 (Blackman & Vigna, 2021, "Scrambled linear pseudorandom number generators").
 *
 * Chosen for the order of the data, where a few million words an epoch are drawn in JavaScript: four words of state, 32-bit arithmetic only.
 * The noise of the weights does not come from here but from a counter (`seededNoise`).
 */
export class Xoshiro128 {
  #a: number
  #b: number
  #c: number
  #d: number

  /** @param state four 32-bit words, not all zero */
  constructor(state: readonly [number, number, number, number]) {
    this.#a = state[0] | 0
    this.#b = state[1] | 0
    this.#c = state[2] | 0
    this.#d = state[3] | 0
  }

  /** The next word: an integer from 0 to 2^32 - 1. */
  next(): number {
    const result = Math.imul(rotateLeft(Math.imul(this.#b, 5), 7), 9)
    const shifted = this.#b << 9
    this.#c ^= this.#a
    this.#d ^= this.#b
    this.#b ^= this.#c
    this.#a ^= this.#d
    this.#c ^= shifted
    this.#d = rotateLeft(this.#d, 11)
    return result >>> 0
  }

  /**
   * A uniform integer below a bound, without the bias of a plain remainder: words of the incomplete last stretch are drawn again.
   *
   * @param bound 1 to 2^32
   */
  below(bound: number): number {
    const limit = 2 ** 32 - (2 ** 32 % bound)
    let word = this.next()
    while (word >= limit) word = this.next()
    return word % bound
  }
}

const rotateLeft = (word: number, bits: number): number => (word << bits) | (word >>> (32 - bits))
