import { deriveSeed } from './deriveSeed.ts'
import { PRIMITIVE_POLYNOMIALS, primitivePolynomial } from './primitivePolynomials.ts'
import { Xoshiro128 } from './xoshiro128.ts'

export interface SobolOptions {
  /** Points n, at least 1; powers of 2 are filled most evenly. */
  readonly samples: number
  /** First coordinate, from 0, and how many from there on. */
  readonly first: number
  readonly dimensions: number
  /** int32; picks the scrambling. */
  readonly seed: number
}

const BITS = 32

/**
 * Some coordinates of the first n points of a scrambled Sobol sequence: each coordinate is uniform, and of 2^k points exactly one lies in each of the 2^k
 * equal intervals of a coordinate. A function of its arguments alone, one coordinate at a time, so that a stream of numbers can have coordinates of its own.
 *
 * Sobol (1967); recurrence as in Bratley & Fox (1988), "Algorithm 659", with random odd initial direction numbers; scrambled by a random lower
 * triangular matrix and a digital shift (Matousek, 1998, "On the L2-discrepancy for anchored boxes"). Beyond 5,715 coordinates the polynomials come
 * again, with other direction numbers and another scrambling.
 *
 * @returns [samples, dimensions], row-major, in (0, 1)
 */
export function sobolPoints({ samples, first, dimensions, seed }: SobolOptions): Float64Array {
  const points = new Float64Array(samples * dimensions)
  const digits = Math.max(1, Math.ceil(Math.log2(samples)))
  for (let column = 0; column < dimensions; column++) {
    const dimension = first + column
    const word = (i: number): number => deriveSeed(seed, dimension, i)
    const random = new Xoshiro128([word(1), word(2), word(3), word(4)])
    const directions = scrambled(directionNumbers(dimension, digits, random), random)
    const shift = random.next()
    for (let sample = 0; sample < samples; sample++) {
      let value = shift
      for (let rest = sample, digit = 0; rest > 0; rest >>>= 1, digit++) if (rest & 1) value ^= directions[digit]!
      points[sample * dimensions + column] = ((value >>> 0) + 0.5) / 2 ** BITS
    }
  }
  return points
}

/** One 32-bit word a digit of the point's number, its first bit the half: upper triangular with ones on the diagonal, so any digits fill all intervals. */
function directionNumbers(dimension: number, digits: number, random: Xoshiro128): Uint32Array {
  // The first coordinate is that of van der Corput.
  if (dimension === 0) return Uint32Array.from({ length: digits }, (_, digit) => 2 ** (BITS - 1 - digit))
  const polynomial = primitivePolynomial((dimension - 1) % PRIMITIVE_POLYNOMIALS)
  const degree = BITS - 1 - Math.clz32(polynomial)
  const numbers = new Uint32Array(digits)
  for (let digit = 0; digit < digits; digit++) {
    if (digit < degree) {
      // Random bits above the last one, which is 1.
      numbers[digit] = (((random.next() >>> (BITS - 1 - digit)) << 1) | 1) << (BITS - 1 - digit)
      continue
    }
    let value = numbers[digit - degree]! ^ (numbers[digit - degree]! >>> degree)
    for (let k = 1; k < degree; k++) if ((polynomial >>> (degree - k)) & 1) value ^= numbers[digit - k]!
    numbers[digit] = value
  }
  return numbers
}

/** The words times a random lower triangular matrix with ones on its diagonal: bit i of the result is bit i plus a random sum of the bits above it. */
function scrambled(words: Uint32Array, random: Xoshiro128): Uint32Array {
  const result = new Uint32Array(words.length)
  for (let bit = 0; bit < BITS; bit++) {
    const place = BITS - 1 - bit
    const above = bit === 0 ? 0 : (random.next() >>> (BITS - bit)) << (BITS - bit)
    words.forEach((word, i) => {
      result[i]! |= ((parity(word & above) ^ (word >>> place)) & 1) << place
    })
  }
  return result
}

function parity(word: number): number {
  let bits = word ^ (word >>> 16)
  bits ^= bits >>> 8
  bits ^= bits >>> 4
  return (0x6996 >>> (bits & 15)) & 1
}
