import { logIncompleteGamma } from './incompleteGamma.ts'

/** log Phi(z), in float64: Phi(-a) = Q(1/2, a^2 / 2) / 2 for a >= 0. */
export function logNormalCdf(z: number): number {
  const logTail = logIncompleteGamma(0.5, (z * z) / 2).upper - Math.LN2
  return z < 0 ? logTail : Math.log1p(-Math.exp(logTail))
}
