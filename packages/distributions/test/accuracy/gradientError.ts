import * as tf from '@tensorflow/tfjs'
import type { Distribution } from '../../src/index.ts'
import { families64 } from '../kl/densities.ts'

/** Parameters by name; a mixture's lists as weights[0], weights[1], ... */
type Values = Readonly<Record<string, number>>
type LogDensity = (x: number, parameters: Values) => number

/** Log-densities in float64 from the textbook, for those families that the oracle of divergences does not have. */
const others: Readonly<Record<string, LogDensity>> = {
  normalScaleMixture: (x, parameters) => {
    const count = Object.keys(parameters).filter((name) => name.startsWith('weights')).length
    const terms = Array.from({ length: count }, (_, k) => {
      const sigma = parameters[`sigmas[${k}]`]!
      return (
        Math.log(parameters[`weights[${k}]`]! / sigma) -
        0.5 * ((x - parameters['mu']!) / sigma) ** 2 -
        0.5 * Math.log(2 * Math.PI)
      )
    })
    const most = Math.max(...terms)
    return most + Math.log(terms.reduce((sum, term) => sum + Math.exp(term - most), 0))
  },
  // Without log x!, which no derivative has.
  poisson: (x, { rate }) => x * Math.log(rate!) - rate!,
  bernoulli: (x, { logits }) => -Math.log1p(Math.exp((1 - 2 * x) * logits!)),
}

/** Over what change of a parameter the log-density changes by the order of one nat: the unit of its derivative. */
function unitOf(name: string, x: number, values: Values): number {
  const { sigma, scale, low, high, rate, df } = values
  const width = sigma ?? scale ?? (low == null ? 1 : high! - low)
  if (name === 'df') return df!
  if (name === 'rate') return Math.sqrt(rate!)
  if (name.startsWith('weights') || name === 'logits') return 1
  if (name.startsWith('sigmas')) return values[name]!
  if (values['sigmas[0]'] != null) return Math.min(...sigmasOf(values))
  return name === 'x' && values['logNormal'] != null ? x * width : width
}

function sigmasOf(values: Values): number[] {
  return Object.entries(values)
    .filter(([name]) => name.startsWith('sigmas'))
    .map(([, sigma]) => sigma)
}

/** How far to move: little beside the unit, and no kink or end of the support (which are at mu, low, high and 0) is crossed. */
function stepOf(name: string, x: number, values: Values): number {
  const ends = ['mu', 'low', 'high'].flatMap((each) =>
    values[each] == null || values['logNormal'] != null ? [] : [values[each]],
  )
  const distances = ends.map((end) => Math.abs(x - end) / 4).filter((distance) => distance > 0)
  const unit = unitOf(name, x, values)
  return ['x', 'mu', 'low', 'high'].includes(name) ? Math.min(1e-3 * unit, ...distances) : 1e-3 * unit
}

/**
 * The largest error of the gradients of log p by x and every parameter, at points inside the support.
 *
 * @throws Error where one is NaN
 */
export function gradientError(d: Distribution, points: readonly number[], where: string): number {
  const logDensity = families64[d.family]?.logDensity ?? others[d.family]!
  const discrete = d.family === 'poisson' || d.family === 'bernoulli'
  const [named, values] = [namedOf(d), valuesOf(d)]
  const inside = points.filter((_, i) => Number.isFinite(logProbs(d, points)[i]!))
  let worst = 0
  tf.tidy(() => {
    const x = tf.tensor1d(inside)
    const inputs = [x, ...named.map(([, value]) => tf.fill(x.shape, value))]
    const gradients = tf.grads((at: tf.Tensor, ...parameters: tf.Tensor[]) => tf.sum(rebuilt(d, parameters).logProb(at)))
    gradients(inputs).forEach((gradient, i) => {
      const name = i === 0 ? 'x' : named[i - 1]![0]
      if (name === 'x' && discrete) return
      gradient.dataSync().forEach((got, j) => {
        const expected = derivative(logDensity, name, inside[j]!, values)
        if (!Number.isFinite(expected)) return
        const error = Math.abs(got - expected) / Math.max(Math.abs(expected), 1 / unitOf(name, inside[j]!, values), 1e-30)
        if (Number.isNaN(error))
          throw new Error(`${where}: d logProb / d ${name} at ${inside[j]} is ${got}, expected ${expected}`)
        worst = Math.max(worst, error)
      })
    })
  })
  return worst
}

/** Values at points, as the files in fixtures/ have them. */
export interface Tails {
  readonly x: readonly number[]
  readonly logProb: readonly unknown[]
  readonly logCdf: readonly unknown[]
  readonly logSurvival: readonly unknown[]
}

/** The largest relative error of the slopes of F, log F and log (1 - F), at points inside the support, against ratios of the reference values. */
export function slopeError(d: Distribution, reference: Tails, where: string): number {
  const at = (key: keyof Tails, i: number): number => Number(reference[key][i])
  const slopes = {
    cdf: (i: number) => Math.exp(at('logProb', i)),
    logCdf: (i: number) => Math.exp(at('logProb', i) - at('logCdf', i)),
    logSurvival: (i: number) => -Math.exp(at('logProb', i) - at('logSurvival', i)),
  }
  let worst = 0
  for (const [quantity, slope] of Object.entries(slopes) as [keyof typeof slopes, (i: number) => number][]) {
    const gradient = tf.tidy(() =>
      tf
        .grad((x: tf.Tensor) => tf.sum(d[quantity](x)))(tf.tensor1d([...reference.x]))
        .dataSync(),
    )
    gradient.forEach((got, i) => {
      const expected = slope(i)
      if (!Number.isFinite(at('logProb', i)) || !Number.isFinite(expected) || Math.abs(expected) > 3e38) return
      // The density of (x - location) / scale below the smallest normal float32, which the native backend takes for 0, leaves the slope no digits.
      const smallest = 1.2e-38 / Math.min(1, unitOf('x', reference.x[i]!, valuesOf(d)))
      const error = Math.abs(expected) < smallest ? Math.max(0, Math.abs(got) - 2 * smallest) : Math.abs(got / expected - 1)
      if (Number.isNaN(error))
        throw new Error(`${where}: d ${quantity} / dx at ${reference.x[i]} is ${got}, expected ${expected}`)
      worst = Math.max(worst, error)
    })
  }
  return worst
}

function namedOf(d: Distribution): (readonly [string, number])[] {
  return Object.entries(d.parameters).flatMap(([name, value]) =>
    Array.isArray(value) ? value.map((each: number, k) => [`${name}[${k}]`, each] as const) : [[name, value as number] as const],
  )
}

/** The parameters, and whether the distribution is of logarithms, to which units and steps are relative. */
function valuesOf(d: Distribution): Values {
  return { ...Object.fromEntries(namedOf(d)), ...(d.family === 'logNormal' && { logNormal: 1 }) }
}

/** The central difference of fourth order: exact to about 1e-11 of the log-density for these steps. */
function derivative(f: LogDensity, name: string, x: number, values: Values): number {
  const h = stepOf(name, x, values)
  const at = (by: number): number => (name === 'x' ? f(x + by, values) : f(x, { ...values, [name]: values[name]! + by }))
  return (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h)
}

function logProbs(d: Distribution, points: readonly number[]): ArrayLike<number> {
  return tf.tidy(() => d.logProb(tf.tensor1d([...points])).dataSync())
}

/** The distribution on tensors in place of its numbers, in their order. */
function rebuilt(d: Distribution, tensors: readonly tf.Tensor[]): Distribution {
  const left = [...tensors]
  return d.withParameters(
    Object.fromEntries(
      Object.entries(d.parameters).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.map(() => left.shift()!) : left.shift()!,
      ]),
    ),
  )
}
