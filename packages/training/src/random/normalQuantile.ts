import { normalCdf, normalDensity } from '../metrics/normalCdf.ts'

/**
 * Quantile of the standard normal distribution in float64; absolute error below 1e-9.
 *
 * Abramowitz & Stegun (1964), "Handbook of Mathematical Functions", equation 26.2.23, and one step of Halley's method.
 *
 * @param p in (0, 1)
 */
export function normalQuantile(p: number): number {
  // Of the lower tail, which float64 resolves better.
  if (p > 0.5) return -normalQuantile(1 - p)
  const t = Math.sqrt(-2 * Math.log(p))
  const numerator = 2.515517 + t * (0.802853 + t * 0.010328)
  const denominator = 1 + t * (1.432788 + t * (0.189269 + t * 0.001308))
  const z = numerator / denominator - t
  const step = (normalCdf(z) - p) / normalDensity(z)
  return z - step / (1 + (z * step) / 2)
}
