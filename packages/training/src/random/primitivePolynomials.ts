/**
 * Primitive polynomials over GF(2) up to degree 16, by increasing degree: 1, x + 1 and so on, as bit masks (bit k is the coefficient of x^k).
 *
 * Found by search, degree by degree as they are asked for: a polynomial of degree d is primitive where x has the order 2^d - 1 modulo it.
 */
const found: number[] = []
let searchedDegree = 0

/** Highest degree searched; the search for it takes half a second. */
const HIGHEST_DEGREE = 16

/** How many there are up to the highest degree. */
export const PRIMITIVE_POLYNOMIALS = 5714

/** @param index from 0, below `PRIMITIVE_POLYNOMIALS` */
export function primitivePolynomial(index: number): number {
  while (index >= found.length && searchedDegree < HIGHEST_DEGREE) {
    searchedDegree++
    found.push(...primitivesOfDegree(searchedDegree))
  }
  return found[index]!
}

function primitivesOfDegree(degree: number): number[] {
  const order = 2 ** degree - 1
  const divisors = primeFactors(order).map((prime) => order / prime)
  const polynomials: number[] = []
  // Without a constant term x would divide it.
  for (let polynomial = 2 ** degree + 1; polynomial < 2 ** (degree + 1); polynomial += 2) {
    const power = (exponent: number): number => powerOfX(exponent, polynomial, degree)
    if (power(order) === 1 && divisors.every((divisor) => power(divisor) !== 1)) polynomials.push(polynomial)
  }
  return polynomials
}

/** x^exponent modulo a polynomial. */
function powerOfX(exponent: number, polynomial: number, degree: number): number {
  let result = 1
  let square = reduced(2, polynomial, degree)
  for (let rest = exponent; rest > 0; rest >>>= 1) {
    if (rest & 1) result = product(result, square, polynomial, degree)
    square = product(square, square, polynomial, degree)
  }
  return result
}

function product(a: number, b: number, polynomial: number, degree: number): number {
  let result = 0
  let shifted = a
  for (let rest = b; rest > 0; rest >>>= 1) {
    if (rest & 1) result ^= shifted
    shifted = reduced(shifted << 1, polynomial, degree)
  }
  return result
}

const reduced = (value: number, polynomial: number, degree: number): number => (value >>> degree > 0 ? value ^ polynomial : value)

function primeFactors(value: number): number[] {
  const factors: number[] = []
  let rest = value
  for (let prime = 2; prime * prime <= rest; prime++) {
    if (rest % prime > 0) continue
    factors.push(prime)
    while (rest % prime === 0) rest /= prime
  }
  return rest > 1 ? [...factors, rest] : factors
}
