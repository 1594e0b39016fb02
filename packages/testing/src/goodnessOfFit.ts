/**
 * Two-sided p-value of a z-score: the chance of a standard normal number at least as far from 0.
 *
 * @param z z-score
 */
export function normalPValue(z: number): number {
  return upperGamma(0.5, (z * z) / 2)
}

/**
 * Upper p-value of a chi-square statistic.
 *
 * @param statistic >= 0
 * @param degrees degrees of freedom, > 0
 */
export function chiSquarePValue(statistic: number, degrees: number): number {
  return upperGamma(degrees / 2, statistic / 2)
}

/**
 * P-value of the Kolmogorov-Smirnov test of samples against a continuous distribution.
 *
 * Uses the limit distribution with Stephens' correction sqrt(n) + 0.12 + 0.11 / sqrt(n) (Stephens, 1970): right to a few per cent from
 * n = 20 on.
 *
 * @param samples independent draws
 * @param cdf the distribution function they should have, in float64
 */
export function ksPValue(samples: ArrayLike<number>, cdf: (x: number) => number): number {
  const sorted = Float64Array.from(samples).sort()
  const n = sorted.length
  let distance = 0
  for (let i = 0; i < n; i++) {
    const f = cdf(sorted[i]!)
    distance = Math.max(distance, (i + 1) / n - f, f - i / n)
  }
  const root = Math.sqrt(n)
  return kolmogorovTail((root + 0.12 + 0.11 / root) * distance)
}

/** z-scores of a sample's mean and of its variance. */
export interface MomentsZScore {
  readonly mean: number
  readonly variance: number
}

/**
 * How many standard errors a sample's mean and its variance (about the known mean) are from the true ones.
 *
 * @param fit.samples independent draws
 * @param fit.mean true mean
 * @param fit.variance true variance; the standard error of the sample's variance is taken from the sample's own fourth moment
 */
export function momentsZScore(fit: { samples: ArrayLike<number>; mean: number; variance: number }): MomentsZScore {
  const { samples, mean, variance } = fit
  const n = samples.length
  let first = 0
  let second = 0
  let fourth = 0
  for (let i = 0; i < n; i++) {
    const centered = samples[i]! - mean
    first += centered / n
    second += centered ** 2 / n
    fourth += centered ** 4 / n
  }
  return { mean: first / Math.sqrt(variance / n), variance: (second - variance) / Math.sqrt((fourth - second ** 2) / n) }
}

/** P(K > x) for Kolmogorov's limit distribution; two series, each used where it converges fast. */
function kolmogorovTail(x: number): number {
  if (x <= 0) return 1
  let sum = 0
  if (x < 1) {
    for (let k = 1; k <= 20; k++) sum += Math.exp(-(((2 * k - 1) * Math.PI) ** 2) / (8 * x * x))
    return Math.min(1, Math.max(0, 1 - (Math.sqrt(2 * Math.PI) / x) * sum))
  }
  for (let k = 1; k <= 20; k++) sum += (k % 2 === 1 ? 2 : -2) * Math.exp(-2 * k * k * x * x)
  return Math.min(1, Math.max(0, sum))
}

/** The regularized upper incomplete gamma function Q(a, x): series below a + 1, Lentz's continued fraction above. */
function upperGamma(a: number, x: number): number {
  if (x <= 0) return 1
  const front = Math.exp(a * Math.log(x) - x - logGamma(a))
  if (x < a + 1) {
    let term = 1 / a
    let sum = term
    for (let n = 1; n < 10_000 && Math.abs(term) > 1e-17 * sum; n++) {
      term *= x / (a + n)
      sum += term
    }
    return 1 - front * sum
  }
  let b = x + 1 - a
  let c = 1 / 1e-300
  let d = 1 / b
  let fraction = d
  for (let n = 1; n < 10_000; n++) {
    const numerator = -n * (n - a)
    b += 2
    d = 1 / (numerator * d + b)
    c = b + numerator / c
    fraction *= c * d
    if (Math.abs(c * d - 1) < 1e-16) break
  }
  return front * fraction
}

/** log Gamma(x), x > 0: Stirling's series after moving x above 10 by the recurrence. */
function logGamma(x: number): number {
  let shift = 0
  let y = x
  for (; y < 10; y++) shift += Math.log(y)
  const inverse = 1 / y
  const square = inverse * inverse
  const series = inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188))))
  return (y - 0.5) * Math.log(y) - y + 0.5 * Math.log(2 * Math.PI) + series - shift
}
