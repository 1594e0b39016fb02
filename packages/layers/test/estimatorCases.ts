import type { EstimatorName } from '../src/index.ts'
import type { OperatorCase } from './operatorCases.ts'
import { map, type Values, zip } from './values.ts'

/** The posterior of a layer in plain numbers. */
export interface PlainPosterior {
  readonly kernel: { readonly mu: Values; readonly sigma: Values }
  readonly bias?: { readonly mu: Values; readonly sigma: Values }
}

/** An estimator's formula in plain numbers. */
export interface EstimatorCase {
  readonly estimator: EstimatorName
  /** Shapes of the noise that one call asks for, in the order of the streams. */
  readonly noiseShapes: (operator: OperatorCase, posterior: PlainPosterior, x: Values, output: Values) => (readonly number[])[]
  readonly expected: (operator: OperatorCase, x: Values, posterior: PlainPosterior, noise: readonly Values[]) => Values
}

export const estimatorCases: readonly EstimatorCase[] = [
  {
    estimator: 'weightSampling',
    noiseShapes: (_, { kernel, bias }) => [kernel.mu.shape, ...(bias === undefined ? [] : [bias.mu.shape])],
    expected: ({ naive }, x, { kernel, bias }, [kernelNoise, biasNoise]) =>
      naive(x, draw(kernel, kernelNoise!), bias === undefined ? undefined : draw(bias, biasNoise!)),
  },
  {
    estimator: 'localReparameterization',
    noiseShapes: (_, __, ___, output) => [output.shape],
    expected: ({ naive, takesIndices }, x, { kernel, bias }, [noise]) => {
      const mean = naive(x, kernel.mu, bias?.mu)
      const variance = naive(
        takesIndices ? x : map(x, square),
        map(kernel.sigma, square),
        bias === undefined ? undefined : map(bias.sigma, square),
      )
      return map(mean, (m, i) => m + Math.sqrt(variance.data[i]!) * noise!.data[i]!)
    },
  },
  {
    estimator: 'flipout',
    noiseShapes: ({ channelAxis }, { kernel, bias }, x, output) => [
      kernel.mu.shape,
      ...(bias === undefined ? [] : [bias.mu.shape]),
      rowAndChannel(x.shape, channelAxis),
      rowAndChannel(output.shape, channelAxis),
    ],
    expected: ({ naive, channelAxis }, x, { kernel, bias }, noise) => {
      const [kernelNoise, ...rest] = noise
      const biasNoise = bias === undefined ? undefined : rest.shift()
      const [inputSigns, outputSigns] = rest
      const product = (a: number, b: number): number => a * b
      const shift = bias === undefined ? undefined : zip(bias.sigma, biasNoise!, product)
      const perturbation = naive(flip(x, inputSigns!, channelAxis), zip(kernel.sigma, kernelNoise!, product), shift)
      return zip(naive(x, kernel.mu, bias?.mu), flip(perturbation, outputSigns!, channelAxis), (mean, delta) => mean + delta)
    },
  },
]

/** Mean and variance of each pre-activation: those of a sum of independent normal variables, whatever the estimator. */
export function moments(
  { naive, takesIndices }: OperatorCase,
  x: Values,
  { kernel, bias }: PlainPosterior,
): { readonly mean: Values; readonly variance: Values } {
  return {
    mean: naive(x, kernel.mu, bias?.mu),
    variance: naive(
      takesIndices ? x : map(x, square),
      map(kernel.sigma, square),
      bias === undefined ? undefined : map(bias.sigma, square),
    ),
  }
}

function draw({ mu, sigma }: { readonly mu: Values; readonly sigma: Values }, noise: Values): Values {
  return zip(
    mu,
    zip(sigma, noise, (s, eps) => s * eps),
    (m, delta) => m + delta,
  )
}

function rowAndChannel(shape: readonly number[], channelAxis: -1 | 1): number[] {
  const channels = channelAxis === 1 ? 1 : shape.length - 1
  return shape.map((size, axis) => (axis === 0 || axis === channels ? size : 1))
}

/** Multiplies by the sign that the noise gives to each row and channel. */
function flip(values: Values, noise: Values, channelAxis: -1 | 1): Values {
  const channels = values.shape.at(channelAxis)!
  const perRow = values.data.length / values.shape[0]!
  const perChannel = channelAxis === 1 ? perRow / channels : 1
  return map(values, (value, i) => {
    const sign = noise.data[Math.floor(i / perRow) * channels + (Math.floor(i / perChannel) % channels)]! < 0 ? -1 : 1
    return value * sign
  })
}

function square(value: number): number {
  return value * value
}
