const TINY = 1e-300
const MOST_TERMS = 100_000

/**
 * b_0 + a_1 / (b_1 + a_2 / (b_2 + ...)) by the modified Lentz method (Thompson and Barnett, 1986), in float64.
 *
 * @param term the pair [a_n, b_n] for n >= 1
 */
export function continuedFraction(b0: number, term: (n: number) => readonly [number, number]): number {
  let value = b0 === 0 ? TINY : b0
  let c = value
  let d = 0
  for (let n = 1; n < MOST_TERMS; n++) {
    const [a, b] = term(n)
    d = b + a * d
    d = 1 / (d === 0 ? TINY : d)
    c = b + a / c
    if (c === 0) c = TINY
    value *= c * d
    if (Math.abs(c * d - 1) < 1e-15) break
  }
  return value
}
