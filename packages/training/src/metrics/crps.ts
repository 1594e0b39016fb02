import { InvalidOptionError, ShapeMismatchError } from '../errors.ts'
import { normalCdf, normalDensity } from './normalCdf.ts'
import { type Numbers, numberList } from './numberList.ts'

/** A forecast for each target: an equal mixture of S Gaussians. */
export interface GaussianMixtureForecast {
  /** Means of the components, [S, targets] in row-major order. */
  readonly means: Numbers
  /**
   * Standard deviations of the components: one for all, one a target, or [S, targets]; 0 or more. With 0 the components are points, and the forecast
   * an ensemble.
   */
  readonly sigmas: number | Numbers
}

/**
 * Continuous ranked probability score, averaged over the targets, in their unit; lower is better, and for point forecasts it is the absolute error.
 *
 * The integral of (F(x) - [x >= y])^2, in closed form for a mixture of Gaussians: A(y - m_i, s_i) averaged over the components, less half of
 * A(m_i - m_j, sqrt(s_i^2 + s_j^2)) averaged over all pairs, with A(m, s) = E|N(m, s^2)|. Takes S^2 steps a target.
 * Grimit, Gneiting, Berrocal & Johnson (2006), "The continuous ranked probability score for circular variables and its application to mesoscale
 * forecast ensemble verification", equation 5.
 *
 * @param forecast components for each target
 * @param targets the numbers that came
 * @returns 0 or more, in the unit of the targets
 * @throws ShapeMismatchError, NonFiniteDataError or InvalidOptionError
 */
export function crps({ means, sigmas }: GaussianMixtureForecast, targets: Numbers): number {
  const target = numberList('targets', targets)
  const count = target.length
  const mean = numberList('means', means)
  const samples = mean.length / count
  if (!Number.isInteger(samples))
    throw new ShapeMismatchError('means', [mean.length], `a multiple of the ${count} targets: [S, targets]`)
  const sigma = sigmaOf(sigmas, samples, count)
  let sum = 0
  for (let t = 0; t < count; t++) {
    let near = 0
    let spread = 0
    for (let i = 0; i < samples; i++) {
      const [m, s] = [mean[i * count + t]!, sigma(i, t)]
      near += meanAbsolute(target[t]! - m, s)
      spread += meanAbsolute(0, s * Math.SQRT2) / 2
      for (let j = 0; j < i; j++) spread += meanAbsolute(m - mean[j * count + t]!, Math.hypot(s, sigma(j, t)))
    }
    sum += near / samples - spread / samples ** 2
  }
  return sum / count
}

/** E|N(m, s^2)| */
function meanAbsolute(m: number, s: number): number {
  if (s === 0) return Math.abs(m)
  const z = m / s
  return 2 * s * normalDensity(z) + m * (2 * normalCdf(z) - 1)
}

function sigmaOf(sigmas: number | Numbers, samples: number, count: number): (sample: number, target: number) => number {
  const values = typeof sigmas === 'number' ? [sigmas] : numberList('sigmas', sigmas)
  const bad = Array.from(values).findIndex((value) => !(value >= 0) || !Number.isFinite(value))
  if (bad >= 0) throw new InvalidOptionError(`sigmas[${bad}]`, values[bad], 'a finite number of at least 0')
  if (values.length === 1) return () => values[0]!
  if (values.length === count) return (_, target) => values[target]!
  if (values.length === samples * count) return (sample, target) => values[sample * count + target]!
  throw new ShapeMismatchError('sigmas', [values.length], `one number, ${count}, or ${samples * count}`)
}
