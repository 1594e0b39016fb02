import { continuedFraction } from './continuedFraction.ts'
import { logGamma } from './logGamma.ts'

/** Logarithms of the regularized incomplete gamma functions P(a, x) and Q(a, x) = 1 - P(a, x). */
export interface LogIncompleteGamma {
  readonly lower: number
  readonly upper: number
}

/**
 * Both regularized incomplete gamma functions, in float64: the series of DLMF 8.7.1 for x < a + 1, the continued fraction of DLMF 8.9.2 above;
 * the smaller one is computed, the larger is one minus it.
 *
 * @param a > 0
 * @param x >= 0
 */
export function logIncompleteGamma(a: number, x: number): LogIncompleteGamma {
  if (x <= 0) return { lower: Number.NEGATIVE_INFINITY, upper: 0 }
  const front = a * Math.log(x) - x - logGamma(a)
  if (x < a + 1) {
    let term = 1 / a
    let sum = term
    for (let n = 1; term > 1e-17 * sum; n++) {
      term *= x / (a + n)
      sum += term
    }
    const lower = front + Math.log(sum)
    return { lower, upper: logComplement(lower) }
  }
  const upper = front - Math.log(continuedFraction(x + 1 - a, (n) => [n * (a - n), x + 2 * n + 1 - a]))
  return { lower: logComplement(upper), upper }
}

/** log(1 - exp(y)) for y <= 0; rounding can leave y a little above 0. */
function logComplement(y: number): number {
  if (y >= 0) return Number.NEGATIVE_INFINITY
  return y > -Math.LN2 ? Math.log(-Math.expm1(y)) : Math.log1p(-Math.exp(y))
}
