/** Where the series gives way to the continued fraction. */
const SERIES_END = 2.5

/** Density of the standard normal distribution. */
export function normalDensity(z: number): number {
  return Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)
}

/**
 * Distribution function of the standard normal distribution in float64: relative error below 1e-12, in the lower tail too.
 *
 * Near 0 the series of Marsaglia (2004), "Evaluating the Normal Distribution", section 3; beyond, Laplace's continued fraction of the tail.
 */
export function normalCdf(z: number): number {
  if (Number.isNaN(z)) return z
  if (Math.abs(z) < SERIES_END) {
    let term = z
    let sum = z
    for (let k = 3; Math.abs(term) > 1e-18; k += 2) {
      term *= (z * z) / k
      sum += term
    }
    return 0.5 + normalDensity(z) * sum
  }
  const size = Math.abs(z)
  let fraction = size
  for (let k = 200; k >= 1; k--) fraction = size + k / fraction
  const tail = normalDensity(z) / fraction
  return z < 0 ? tail : 1 - tail
}
