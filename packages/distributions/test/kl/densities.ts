import { integrate } from '@tfjs-bayes/testing'

// Log-densities in float64, written from the textbook formulas and sharing nothing with the package: the oracle of every divergence.

/** Parameters by name, as the family's constructor takes them. */
export type Numbers = Readonly<Record<string, number>>

/** A univariate continuous family for the oracle. */
export interface Family64 {
  readonly logDensity: (x: number, parameters: Numbers) => number
  /** Where the mass is. */
  readonly range: (parameters: Numbers) => readonly [number, number]
  /** Where the density is narrow, has a kink or jumps. */
  readonly points: (parameters: Numbers) => readonly number[]
}

const line = (): readonly [number, number] => [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
const halfLine = (): readonly [number, number] => [0, Number.POSITIVE_INFINITY]
const STEPS = [-40, -8, -2, -0.5, 0, 0.5, 2, 8, 40]

/** Points around a centre in steps of a scale. */
const around = (centre: number, scale: number): number[] => STEPS.map((step) => centre + step * scale)

const logGamma = (x: number): number => (x < 20 ? logGamma(x + 1) - Math.log(x) : stirling(x))
const stirling = (x: number): number =>
  (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + 1 / (12 * x) - 1 / (360 * x ** 3) + 1 / (1260 * x ** 5)

export const families64: Readonly<Record<string, Family64>> = {
  normal: {
    logDensity: (x, { mu, sigma }) => -0.5 * ((x - mu!) / sigma!) ** 2 - Math.log(sigma! * Math.sqrt(2 * Math.PI)),
    range: line,
    points: ({ mu, sigma }) => around(mu!, sigma!),
  },
  laplace: {
    logDensity: (x, { mu, scale }) => -Math.abs(x - mu!) / scale! - Math.log(2 * scale!),
    range: line,
    points: ({ mu, scale }) => around(mu!, scale!),
  },
  logistic: {
    logDensity: (x, { mu, scale }) => {
      const z = Math.abs(x - mu!) / scale!
      return -z - 2 * Math.log1p(Math.exp(-z)) - Math.log(scale!)
    },
    range: line,
    points: ({ mu, scale }) => around(mu!, scale!),
  },
  cauchy: {
    logDensity: (x, { mu, scale }) => -Math.log1p(((x - mu!) / scale!) ** 2) - Math.log(Math.PI * scale!),
    range: line,
    points: ({ mu, scale }) => around(mu!, scale!),
  },
  studentT: {
    logDensity: (x, { df, mu, scale }) =>
      logGamma((df! + 1) / 2) -
      logGamma(df! / 2) -
      0.5 * Math.log(df! * Math.PI) -
      Math.log(scale!) -
      ((df! + 1) / 2) * Math.log1p(((x - mu!) / scale!) ** 2 / df!),
    range: line,
    points: ({ mu, scale }) => around(mu!, scale!),
  },
  uniform: {
    logDensity: (x, { low, high }) => (x >= low! && x <= high! ? -Math.log(high! - low!) : Number.NEGATIVE_INFINITY),
    range: ({ low, high }) => [low!, high!],
    points: ({ low, high }) => [low!, high!],
  },
  logNormal: {
    logDensity: (x, { mu, sigma }) =>
      -0.5 * ((Math.log(x) - mu!) / sigma!) ** 2 - Math.log(sigma! * Math.sqrt(2 * Math.PI)) - Math.log(x),
    range: halfLine,
    points: ({ mu, sigma }) => STEPS.map((step) => Math.exp(Math.min(600, mu! + (step / 2) * sigma!))),
  },
  halfNormal: {
    logDensity: (x, { sigma }) => -0.5 * (x / sigma!) ** 2 - Math.log(sigma! * Math.sqrt(Math.PI / 2)),
    range: halfLine,
    points: ({ sigma }) => around(0, sigma!),
  },
  halfCauchy: {
    logDensity: (x, { scale }) => -Math.log1p((x / scale!) ** 2) - Math.log((Math.PI / 2) * scale!),
    range: halfLine,
    points: ({ scale }) => around(0, scale!),
  },
}

/** KL(q || p) by adaptive quadrature of q (log q - log p), in float64. */
export function kl64(q: string, qParameters: Numbers, p: string, pParameters: Numbers): number {
  const [a, b] = [families64[q]!, families64[p]!]
  const [low, high] = a.range(qParameters)
  const integrand = (x: number): number => {
    const logQ = a.logDensity(x, qParameters)
    const density = Math.exp(logQ)
    return density === 0 ? 0 : density * (logQ - b.logDensity(x, pParameters))
  }
  const points = [...a.points(qParameters), ...b.points(pParameters)].filter((x) => x > low && x < high)
  return integrate(integrand, low, high, { points, tolerance: 1e-9 })
}
