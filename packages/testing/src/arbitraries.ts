import fc from 'fast-check'

/** One random dense layer and its input: sizes, and a seed from which a test draws the values. */
export interface DenseCase {
  readonly batch: number
  readonly inputs: number
  readonly units: number
  readonly seed: number
}

/** Options of {@link shape}. */
export interface ShapeOptions {
  /** Default 3. */
  readonly maxRank?: number
  /** Default 4. */
  readonly maxSize?: number
}

/** A tensor shape, rank 0 included, with sizes from 1 on. */
export function shape(options: ShapeOptions = {}): fc.Arbitrary<number[]> {
  const { maxRank = 3, maxSize = 4 } = options
  return fc.array(fc.integer({ min: 1, max: maxSize }), { maxLength: maxRank })
}

/** Two shapes that broadcast, and the shape that they broadcast to. */
export function broadcastPair(options: ShapeOptions = {}): fc.Arbitrary<{ left: number[]; right: number[]; result: number[] }> {
  return shape(options).chain((result) => {
    const shrunk = fc
      .tuple(fc.array(fc.boolean(), { minLength: result.length, maxLength: result.length }), fc.nat({ max: result.length }))
      .map(([ones, drop]) => result.map((size, axis) => (ones[axis] ? 1 : size)).slice(drop))
    return fc.record({ left: fc.constant(result), right: shrunk, result: fc.constant(result) })
  })
}

/** A dense layer with its batch, a batch of one and a single unit included. */
export function denseCase(): fc.Arbitrary<DenseCase> {
  const size = fc.integer({ min: 1, max: 6 })
  return fc.record({ batch: size, inputs: size, units: size, seed: seed() })
}

/** A 31-bit seed. */
export function seed(): fc.Arbitrary<number> {
  return fc.nat({ max: 0x7fffffff })
}

/** A location, of either sign and of any size from 1e-3 to 10 (float32). */
export function mu(): fc.Arbitrary<number> {
  return fc.tuple(fc.boolean(), exponent(-3, 1)).map(([negative, size]) => Math.fround(negative ? -size : size))
}

/** A scale, log-uniform from 1e-3 to 10 unless told (float32). */
export function sigma(range: { readonly min?: number; readonly max?: number } = {}): fc.Arbitrary<number> {
  return exponent(Math.log10(range.min ?? 1e-3), Math.log10(range.max ?? 10)).map(Math.fround)
}

function exponent(low: number, high: number): fc.Arbitrary<number> {
  return fc.double({ min: low, max: high, noNaN: true }).map((power) => 10 ** power)
}
