import { continuedFraction } from './continuedFraction.ts'
import { logGamma } from './logGamma.ts'

/**
 * The logarithm of the regularized incomplete beta function I_x(a, b), in float64.
 *
 * The continued fraction of DLMF 8.17.22, on the side of the mean where it converges fast; on the other, one minus the rest.
 *
 * @param x from 0 to 1
 * @param rest 1 - x, given apart so that an x close to 1 is not rounded
 */
export function logIncompleteBeta(x: number, rest: number, a: number, b: number): number {
  if (x <= 0) return Number.NEGATIVE_INFINITY
  if (rest <= 0) return 0
  if (x > (a + 1) / (a + b + 2)) return Math.log1p(-Math.exp(logIncompleteBeta(rest, x, b, a)))
  const front = a * Math.log(x) + b * Math.log(rest) - Math.log(a) - (logGamma(a) + logGamma(b) - logGamma(a + b))
  const fraction = continuedFraction(1, (n) => {
    const m = n >> 1
    const numerator =
      n % 2 === 0 ? (m * (b - m)) / ((a + 2 * m - 1) * (a + 2 * m)) : (-(a + m) * (a + b + m)) / ((a + 2 * m) * (a + 2 * m + 1))
    return [numerator * x, 1]
  })
  return front - Math.log(fraction)
}
