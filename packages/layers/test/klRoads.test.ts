import * as tf from '@tensorflow/tfjs'
import { Cauchy, type Distribution, Laplace, Logistic, Normal, NormalScaleMixture, StudentT } from '@tfjs-bayes/distributions'
import {
  expectTensorsClose,
  finiteDifference,
  gaussianExpectation,
  integrate,
  momentsZScore,
  normalPValue,
} from '@tfjs-bayes/testing'
import { describe, expect, test } from 'vitest'
import {
  ForwardPass,
  givenNoise,
  seededNoise,
  type VariationalDense,
  type VariationalDenseArgs,
  variationalDense,
} from '../src/index.ts'
import { normal, valuesOf } from './values.ts'

const mixture = new NormalScaleMixture({ weights: [0.25, 0.75], sigmas: [0.1, 1] })

/** Priors with their log-density in plain numbers, which the roads are held to. */
const priors: readonly { readonly prior: Distribution; readonly logDensity: (x: number) => number }[] = [
  { prior: new Normal({ mu: 0.1, sigma: 0.5 }), logDensity: (x) => logNormal(x - 0.1, 0.5) },
  { prior: new Laplace({ mu: 0, scale: 0.4 }), logDensity: (x) => -Math.abs(x) / 0.4 - Math.log(0.8) },
  { prior: new Cauchy({ mu: 0, scale: 0.3 }), logDensity: (x) => -Math.log(Math.PI * 0.3 * (1 + (x / 0.3) ** 2)) },
  {
    prior: new Logistic({ mu: 0, scale: 0.3 }),
    logDensity: (x) => -x / 0.3 - Math.log(0.3) - 2 * Math.log1p(Math.exp(-x / 0.3)),
  },
  {
    // The constant of 3 degrees of freedom: Gamma(2) / (Gamma(3/2) sqrt(3 pi)).
    prior: new StudentT({ df: 3, mu: 0, scale: 0.5 }),
    logDensity: (x) => Math.log(2 / (Math.sqrt(3) * Math.PI * 0.5)) - 2 * Math.log1p((x / 0.5) ** 2 / 3),
  },
  {
    prior: mixture,
    logDensity: (x) => Math.log(0.25 * Math.exp(logNormal(x, 0.1)) + 0.75 * Math.exp(logNormal(x, 1))),
  },
]

function logNormal(x: number, sigma: number): number {
  return -0.5 * (x / sigma) ** 2 - Math.log(sigma) - 0.5 * Math.log(2 * Math.PI)
}

function layerOf(options: Partial<VariationalDenseArgs>): VariationalDense {
  const layer = variationalDense({ units: 2, ...options } as VariationalDenseArgs)
  layer.apply(tf.input({ shape: [3] }))
  tf.tidy(() => {
    layer.weights.forEach((weight, i) => {
      const noise = normal(weight.shape as number[], 1 + i)
      weight.write(weight.name.includes('rho') ? noise.mul(0.5).sub(1) : noise.mul(0.5))
    })
  })
  return layer
}

/** The KL of all weights of a layer in float64, by adaptive quadrature. */
function oracle(layer: VariationalDense, logDensity: (x: number) => number): number {
  return tf.tidy(() => {
    const { kernel, bias } = layer.posterior()
    let total = 0
    for (const { mu, sigma } of [kernel, bias!]) {
      const [means, sigmas] = [valuesOf(mu as tf.Tensor).data, valuesOf(sigma as tf.Tensor).data]
      means.forEach((m, i) => {
        const s = sigmas[i]!
        // The kink or bump of a prior at 0 is an end of a panel.
        const integrand = (x: number): number => Math.exp(logNormal(x - m, s)) * (logNormal(x - m, s) - logDensity(x))
        total +=
          integrate(integrand, m - 12 * s, Math.min(0, m + 12 * s)) + integrate(integrand, Math.max(0, m - 12 * s), m + 12 * s)
      })
    }
    return total
  })
}

function klOf(layer: VariationalDense, counter: number, mode: 'mean' | 'sample' = 'sample'): number {
  return tf.tidy(() => layer.kl(new ForwardPass({ mode, noise: seededNoise(11, counter) })).dataSync()[0]!)
}

describe.each(priors)('a prior: $prior.family', ({ prior, logDensity }) => {
  test('has the KL of its integral by quadrature and by the road taken for it, in both modes and with every estimator', () => {
    for (const estimator of ['localReparameterization', 'flipout', 'weightSampling'] as const) {
      for (const kl of [undefined, 'quadrature'] as const) {
        const layer = layerOf({ prior, estimator, ...(kl && { kl }) })
        const expected = oracle(layer, logDensity)
        for (const mode of ['mean', 'sample'] as const) expect(klOf(layer, 0, mode) / expected).toBeCloseTo(1, 4)
      }
    }
  })

  test.each(['localReparameterization', 'flipout', 'weightSampling'] as const)(
    'has it in the mean of Monte-Carlo estimates with %s, and computed where nothing is drawn',
    (estimator) => {
      const layer = layerOf({ prior, estimator, kl: 'monteCarlo' })
      const expected = oracle(layer, logDensity)
      const samples = Array.from({ length: 100 }, (_, counter) => klOf(layer, counter))
      const mean = samples.reduce((a, b) => a + b) / samples.length
      const variance = samples.reduce((a, b) => a + (b - mean) ** 2, 0) / (samples.length - 1)
      const z = momentsZScore({ samples, mean: expected, variance }).mean
      expect(normalPValue(z), `seed 11, z ${z}`).toBeGreaterThan(1e-6)
      expect(klOf(layer, 0, 'mean') / expected).toBeCloseTo(1, 4)
    },
  )

  test('has the gradient of its road by mu and rho, by finite differences', () => {
    tf.tidy(() => {
      for (const kl of ['quadrature', 'monteCarlo'] as const) {
        const layer = layerOf({ prior, kl })
        const loss = (): tf.Scalar => layer.kl(new ForwardPass({ mode: 'sample', noise: seededNoise(11, 0) }))
        for (const weight of [layer.kernelMu, layer.kernelRho]) {
          const variable = weight.read() as tf.Variable
          const { grads } = tf.variableGrads(loss, [variable])
          const start = variable.clone()
          const numeric = finiteDifference((value) => {
            weight.write(value)
            return loss()
          }, start)
          weight.write(start)
          expectTensorsClose(grads[variable.name]!, tf.tensor(numeric, start.shape), { absolute: 1e-2, relative: 1e-2 })
        }
      }
    })
  })
})

test('the upper bound lies above the KL, and is it for one component', () => {
  const layer = layerOf({ kl: 'upperBound', prior: mixture })
  const exact = oracle(layer, priors.at(-1)!.logDensity)
  expect(klOf(layer, 0)).toBeGreaterThan(exact)
  expect(klOf(layer, 0)).toBeLessThan(exact + 8 * Math.log(4))
  const one = layerOf({ kl: 'upperBound', prior: new NormalScaleMixture({ weights: [1], sigmas: [0.5] }) })
  expect(klOf(one, 0) / oracle(one, (x) => logNormal(x, 0.5))).toBeCloseTo(1, 4)
})

test('weights drawn for the KL alone have noise of their own, asked for after that of the prediction', () => {
  tf.tidy(() => {
    const layer = layerOf({ estimator: 'localReparameterization', kl: 'monteCarlo', prior: mixture })
    const noise = [normal([4, 2], 1), normal([3, 2], 2), normal([2], 3)]
    const pass = new ForwardPass({ mode: 'sample', noise: givenNoise(noise) })
    layer.apply(normal([4, 3], 4), { pass })
    const { kernel, bias } = layer.posterior()
    const expected = [kernel, bias!].map((posterior, i) => {
      const draw = posterior.sample(noise[1 + i]!)
      return posterior.logProb(draw).sub(mixture.logProb(draw)).sum()
    })
    expectTensorsClose(pass.kl(), expected[0]!.add(expected[1]!), { relative: 1e-5 })
    // The same draw whenever the pass is asked again.
    expectTensorsClose(pass.kl(), pass.kl(), { absolute: 0, relative: 0 })
  })
})

test('the oracle of these tests is right where there is a formula', () => {
  const entropy = -0.5 * Math.log(2 * Math.PI * Math.E * 0.04)
  const crossEntropy = gaussianExpectation((x) => -logNormal(x - 0.1, 0.5), 0.3, 0.2)
  expect(entropy + crossEntropy).toBeCloseTo(Math.log(0.5 / 0.2) + (0.04 + 0.04) / (2 * 0.25) - 0.5, 8)
})
