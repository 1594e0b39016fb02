/** The largest float16. */
export const MAX_FLOAT16 = 65504

/**
 * Rounds numbers to float16, ties to even.
 *
 * @param values numbers; beyond 65504 they become infinite
 * @param factor what they are multiplied by before; default 1
 * @returns their bit patterns
 */
export function toFloat16(values: Float32Array, factor = 1): Uint16Array {
  const single = new Float32Array(1)
  const bits = new Uint32Array(single.buffer)
  // A plain loop: a typed array's `from` with a function gathers millions of numbers in a list first.
  const halves = new Uint16Array(values.length)
  for (let i = 0; i < values.length; i++) {
    single[0] = values[i]! * factor
    halves[i] = halfOf(bits[0]!)
  }
  return halves
}

/**
 * The numbers of float16 bit patterns.
 *
 * @param bits bit patterns
 * @returns the same numbers, exactly
 */
export function fromFloat16(bits: Uint16Array): Float32Array {
  // All patterns once: a table is several times as fast as taking each number apart.
  singles ??= Float32Array.from({ length: 2 ** 16 }, (_, pattern) => singleOf(pattern))
  const values = new Float32Array(bits.length)
  for (let i = 0; i < bits.length; i++) values[i] = singles[bits[i]!]!
  return values
}

let singles: Float32Array | undefined

function singleOf(pattern: number): number {
  const sign = pattern & 0x8000 ? -1 : 1
  const exponent = (pattern >>> 10) & 0x1f
  const fraction = pattern & 0x3ff
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

function halfOf(single: number): number {
  const sign = (single >>> 16) & 0x8000
  const biased = (single >>> 23) & 0xff
  const fraction = single & 0x7fffff
  if (biased === 0xff) return sign | 0x7c00 | (fraction === 0 ? 0 : 0x200)
  const exponent = biased - 127 + 15
  if (exponent >= 0x1f) return sign | 0x7c00
  // Below 2^-25 nothing is left even after rounding.
  if (exponent < -10) return sign
  const significand = exponent <= 0 ? fraction | 0x800000 : fraction
  const shift = exponent <= 0 ? 14 - exponent : 13
  const kept = (exponent <= 0 ? 0 : exponent << 10) | (significand >>> shift)
  const lost = significand & ((1 << shift) - 1)
  const half = 1 << (shift - 1)
  // A carry out of the fraction is the next exponent, as it should be.
  return sign | (lost > half || (lost === half && (kept & 1) === 1) ? kept + 1 : kept)
}
