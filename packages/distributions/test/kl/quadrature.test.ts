import * as tf from '@tensorflow/tfjs'
import { expectNoLeak, expectTensorsClose, finiteDifference, gaussianExpectation } from '@tfjs-bayes/testing'
import { describe, expect, test } from 'vitest'
import {
  Cauchy,
  closedKl,
  Distribution,
  InvalidParameterError,
  kl,
  Laplace,
  Logistic,
  Normal,
  NormalScaleMixture,
  quadratureKl,
  StudentT,
} from '../../src/index.ts'
import { families64 } from './densities.ts'

const entropy = (sigma: number): number => 0.5 * Math.log(2 * Math.PI * Math.E * sigma ** 2)

/** log of a mixture of normal densities with mean 0, in float64. */
const logMixture =
  (weights: readonly number[], sigmas: readonly number[]) =>
  (x: number): number => {
    const terms = sigmas.map(
      (sigma, k) => Math.log(weights[k]!) - 0.5 * (x / sigma) ** 2 - Math.log(sigma * Math.sqrt(2 * Math.PI)),
    )
    const most = Math.max(...terms)
    return most + Math.log(terms.reduce((sum, term) => sum + Math.exp(term - most), 0))
  }

const spikes = [-12, -5, -3.5, -2, 0, 2, 3.5, 5, 12]

function exactMixtureKl(mu: number, sigma: number, weights: readonly number[], sigmas: readonly number[]): number {
  const points = sigmas.flatMap((each) => spikes.map((step) => step * each))
  return -entropy(sigma) - gaussianExpectation(logMixture(weights, sigmas), mu, sigma, { points, tolerance: 1e-8 })
}

/** Every pair of two lists, as two columns. */
function grid(rows: readonly number[], columns: readonly number[]): readonly [number[], number[]] {
  const pairs = rows.flatMap((row) => columns.map((column) => [Math.fround(row), Math.fround(column)] as const))
  return [pairs.map(([row]) => row), pairs.map(([, column]) => column)]
}

/** The largest error relative to the expected values, absolute below 1. */
function worst(got: ArrayLike<number>, expected: readonly number[]): number {
  return Math.max(...expected.map((each, i) => Math.abs(got[i]! - each) / Math.max(1, Math.abs(each))))
}

describe('a scale mixture', () => {
  test.each<[readonly number[], readonly number[], number, number]>([
    [[0.75, 0.25], [0.1, 0.0005], 32, 1e-5],
    [[0.75, 0.25], [0.1, 0.0005], 16, 1e-3],
    [[0.25, 0.75], [0.0005, 0.1], 32, 1e-5],
    [[0.5, 0.25, 0.25], [1, 0.05, 0.001], 32, 1e-5],
    [[0.01, 0.99], [1, 1e-5], 32, 5e-5],
    [[0.5, 0.5], [0.3, 0.3], 32, 1e-5],
    [[1], [0.7], 32, 1e-5],
  ])(
    'weights %j, sigmas %j with %i nodes: relative error below %f, from a q narrower than the spike to one far wider',
    (weights, sigmas, nodes, bound) => {
      const [sigma, mu] = grid([1e-6, 1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.1, 1], [0, 1e-4, 5e-4, 1e-3, 2e-3, 5e-3, 0.03, 0.5])
      const p = new NormalScaleMixture({ weights, sigmas })
      const got = tf.tidy(() =>
        quadratureKl(new Normal({ mu: tf.tensor1d(mu), sigma: tf.tensor1d(sigma) }), p, { nodes }).dataSync(),
      )
      const expected = sigma.map((each, i) => exactMixtureKl(mu[i]!, each, weights, sigmas))
      expect(worst(got, expected)).toBeLessThan(bound)
      expect(Math.min(...got)).toBeGreaterThan(-1e-5)
    },
  )

  test('gradients by every parameter, sigmas given as tensors and in no order, are those of finite differences', async () => {
    await expectNoLeak(() =>
      tf.tidy(() => {
        const point: tf.Tensor[] = [
          [0.02, -0.3],
          [0.05, 0.4],
          [0.01, -0.02],
          [0.6, 0.3],
          [0.4, 0.7],
          [0.05, 0.5],
          [0.3, 0.02],
        ].map((pair) => tf.tensor1d(pair))
        const divergence = (...[mu, sigma, m, w1, w2, s1, s2]: tf.Tensor[]): tf.Tensor => {
          const total = tf.add(w1!, w2!)
          const p = new NormalScaleMixture({ mu: m!, weights: [tf.div(w1!, total), tf.div(w2!, total)], sigmas: [s1!, s2!] })
          return quadratureKl(new Normal({ mu: mu!, sigma: sigma! }), p, { nodes: 16 })
        }
        const expected = [0, 1].map((i) => {
          const [mu, sigma, m, w1, w2, s1, s2] = point.map((each) => each.dataSync()[i]!)
          return exactMixtureKl(mu! - m!, sigma!, [w1!, w2!], [s1!, s2!])
        })
        expectTensorsClose(divergence(...point), expected, { absolute: 1e-4, relative: 1e-4 })
        const gradients = tf.grads((...at: tf.Tensor[]) => tf.sum(divergence(...at)))(point)
        point.forEach((at, i) => {
          const slope = tf.tensor1d(finiteDifference((moved) => divergence(...point.with(i, moved)), at))
          expectTensorsClose(gradients[i]!, slope, { relative: 1e-2, absolute: 5e-3 })
        })
      }),
    )
  })
})

describe('a p with a feature', () => {
  test.each<[string, (parameters: { mu: number; scale: tf.Tensor }) => Distribution, Record<string, number>]>([
    ['cauchy', (parameters) => new Cauchy(parameters), {}],
    ['laplace', (parameters) => new Laplace(parameters), {}],
    ['logistic', (parameters) => new Logistic(parameters), {}],
    ['studentT', (parameters) => new StudentT({ df: 3, ...parameters }), { df: 3 }],
  ])('%s: relative error below 5e-5, from p ten thousand times narrower than q to much wider', (family, make, more) => {
    const [sigma, scale] = grid([1e-3, 0.03, 10], [1e-3, 0.01, 0.1, 1, 10])
    for (const offset of [0, 0.05, 1, 3]) {
      const centre = Math.fround(0.05)
      const mu = sigma.map((each) => Math.fround(centre + offset * each))
      const q = new Normal({ mu: tf.tensor1d(mu), sigma: tf.tensor1d(sigma) })
      const got = tf.tidy(() => quadratureKl(q, make({ mu: centre, scale: tf.tensor1d(scale) })).dataSync())
      const expected = sigma.map((each, i) => {
        const numbers = { mu: centre, scale: scale[i]!, ...more }
        const points = [-1e4, -1e3, -100, -30, -10, -3, -1, 0, 1, 3, 10, 30, 100, 1e3, 1e4].map(
          (step) => centre + step * scale[i]!,
        )
        return (
          -entropy(each) -
          gaussianExpectation((x) => families64[family]!.logDensity(x, numbers), mu[i]!, each, { points, tolerance: 1e-8 })
        )
      })
      expect(worst(got, expected)).toBeLessThan(5e-5)
    }
  })

  test('gradients by the parameters of both are those of finite differences', async () => {
    await expectNoLeak(() =>
      tf.tidy(() => {
        const point: tf.Tensor[] = [
          [0.3, -1],
          [0.5, 0.2],
          [3, 8],
          [0.1, -0.4],
          [0.2, 1.5],
        ].map((pair) => tf.tensor1d(pair))
        const divergence = (...[mu, sigma, df, m, scale]: tf.Tensor[]): tf.Tensor =>
          quadratureKl(new Normal({ mu: mu!, sigma: sigma! }), new StudentT({ df: df!, mu: m!, scale: scale! }), { nodes: 16 })
        const gradients = tf.grads((...at: tf.Tensor[]) => tf.sum(divergence(...at)))(point)
        point.forEach((at, i) => {
          const slope = tf.tensor1d(finiteDifference((moved) => divergence(...point.with(i, moved)), at))
          expectTensorsClose(gradients[i]!, slope, { relative: 1e-2, absolute: 3e-3 })
        })
      }),
    )
  })
})

describe('any other p', () => {
  /** log p(x) = -x^4 / 4 + c: a family of the user's own. */
  class Quartic extends Distribution {
    readonly family = 'quartic'
    readonly noiseKind = 'normal'
    readonly batchShape: readonly number[] = []
    readonly parameters: { readonly steepness: tf.Tensor | number }
    constructor(parameters: { readonly steepness: tf.Tensor | number }) {
      super()
      this.parameters = parameters
    }
    logProb = (x: tf.Tensor): tf.Tensor => tf.tidy(() => tf.mul(tf.pow(x, 4), tf.mul(this.parameters.steepness, -0.25)))
    sample = tf.clone
    mean = (): tf.Tensor => tf.scalar(0)
    variance = (): tf.Tensor => tf.scalar(1)
    entropy = (): tf.Tensor => tf.scalar(0)
  }

  test('Gauss-Hermite nodes are exact for a polynomial, by the parameters of both', async () => {
    await expectNoLeak(() =>
      tf.tidy(() => {
        // E x^4 = mu^4 + 6 mu^2 sigma^2 + 3 sigma^4
        const exact = (mu: tf.Tensor, sigma: tf.Tensor, c: tf.Tensor): tf.Tensor => {
          const fourth = tf.add(
            tf.pow(mu, 4),
            tf.add(tf.mul(tf.mul(tf.square(mu), tf.square(sigma)), 6), tf.mul(tf.pow(sigma, 4), 3)),
          )
          return tf.sub(tf.mul(fourth, tf.mul(c, 0.25)), new Normal({ mu, sigma }).entropy())
        }
        const got = (mu: tf.Tensor, sigma: tf.Tensor, c: tf.Tensor): tf.Tensor =>
          quadratureKl(new Normal({ mu, sigma }), new Quartic({ steepness: c }))
        const point: [tf.Tensor, tf.Tensor, tf.Tensor] = [tf.tensor1d([0.3, -1.2]), tf.tensor1d([0.5, 0.9]), tf.scalar(1.5)]
        expectTensorsClose(got(...point), exact(...point))
        const expected = tf.grads((...at: tf.Tensor[]) => tf.sum(exact(...(at as typeof point))))(point)
        tf.grads((...at: tf.Tensor[]) => tf.sum(got(...(at as typeof point))))(point).forEach((each, i) => {
          expectTensorsClose(each, expected[i]!)
        })
      }),
    )
  })

  test('no tensors at all', () => {
    tf.tidy(() => {
      const q = new Normal({ mu: 0.5, sigma: 0.7 })
      expectTensorsClose(quadratureKl(q, new Normal({ mu: -0.2, sigma: 1.5 })), closedKl(q, new Normal({ mu: -0.2, sigma: 1.5 })))
    })
  })
})

test('the stated error covers the true one, and shrinks with more nodes', () => {
  const [weights, sigmas] = [
    [0.75, 0.25],
    [0.1, 0.0005],
  ]
  const p = new NormalScaleMixture({ weights, sigmas })
  for (const [mu, sigma] of [
    [0, 0.001],
    [0.002, 0.0004],
    [0.01, 0.03],
  ] as const) {
    const exact = exactMixtureKl(mu, sigma, weights, sigmas)
    const errors = [8, 32].map((nodes) =>
      tf.tidy(() => {
        const { value, error } = kl(new Normal({ mu, sigma }), p, { method: 'quadrature', nodes, error: true })
        const stated = error!.dataSync()[0]!
        expect(Math.abs(value.dataSync()[0]! - exact)).toBeLessThanOrEqual(3 * stated + 2e-6)
        return stated
      }),
    )
    expect(errors[1]).toBeLessThan(errors[0]!)
  }
})

test.each<[string, (scale: tf.Tensor) => Distribution]>([
  ['a mixture', (scale) => new NormalScaleMixture({ weights: [0.75, 0.25], sigmas: [0.1, scale] })],
  ['a StudentT', (scale) => new StudentT({ df: 3, mu: 0, scale })],
  ['a p of Gauss-Hermite nodes', (scale) => new Normal({ mu: 0.1, sigma: scale })],
])('%s: many elements, a node at a time, have the values and gradients that few, all nodes at once, have', (_, make) => {
  const [mu, sigma, copies] = [[0.01, -0.2, 0.05], [0.03, 0.4, 0.002], 30_000]
  tf.tidy(() => {
    const at = (count: number): { value: tf.Tensor; mu: tf.Tensor; sigma: tf.Tensor; scale: tf.Tensor } => {
      const [manyMu, manySigma] = [mu, sigma].map((each) => tf.tile(tf.tensor2d([each]), [count, 1]))
      const point = [manyMu!, manySigma!, tf.scalar(0.02)]
      const divergence = (...[m, s, scale]: tf.Tensor[]): tf.Tensor =>
        quadratureKl(new Normal({ mu: m!, sigma: s! }), make(scale!), { nodes: 8 })
      const value = divergence(...point)
      const gradients = tf.grads((...given: tf.Tensor[]) => tf.sum(divergence(...given)))(point)
      const last = (each: tf.Tensor): tf.Tensor => tf.slice(each, [count - 1, 0], [1, 3])
      return {
        value: last(value),
        mu: last(gradients[0]!),
        sigma: last(gradients[1]!),
        scale: tf.div(gradients[2]!, count),
      }
    }
    const [few, many] = [at(1), at(copies)]
    for (const each of ['value', 'mu', 'sigma'] as const) expectTensorsClose(many[each], few[each], { relative: 1e-5 })
    expectTensorsClose(many.scale, few.scale, { relative: 2e-3 }) // 90,000 float32 numbers added up
  })
})

test('the memory does not grow with the number of nodes, forwards or backwards', () => {
  const size = 20_000
  const mu = tf.variable(tf.zeros([size]))
  const sigma = tf.variable(tf.fill([size], 0.05))
  const p = new NormalScaleMixture({ weights: [0.75, 0.25], sigmas: [0.1, 0.0005] })
  const peak = (nodes: number): number => {
    const start = tf.memory().numBytes
    const most = peakBytes(() => {
      const { value, grads } = tf.variableGrads(
        () => tf.sum(quadratureKl(new Normal({ mu, sigma }), p, { nodes })) as tf.Scalar,
        [mu, sigma],
      )
      tf.dispose([value, grads])
    })
    return most - start
  }
  const few = peak(8)
  expect(few).toBeGreaterThan(8 * 4 * size)
  expect(peak(48)).toBeLessThan(1.1 * few)
  tf.dispose([mu, sigma])
})

// Whatever the number of nodes: see above. A StudentT's log-density is differentiated op by op, and its rule has more in common between nodes.
test.each<[string, number, Distribution]>([
  ['a mixture', 300, new NormalScaleMixture({ weights: [0.75, 0.25], sigmas: [0.1, 0.0005] })],
  ['a StudentT', 900, new StudentT({ df: 3, mu: 0, scale: 0.1 })],
])('1200 x 1200 weights to %s take less than %i MB, forwards and backwards', (_, megabytes, p) => {
  const [mu, sigma] = [tf.variable(tf.fill([1200, 1200], 0.01)), tf.variable(tf.fill([1200, 1200], 0.05))]
  const start = tf.memory().numBytes
  const most = peakBytes(() => {
    const loss = (): tf.Scalar => tf.sum(quadratureKl(new Normal({ mu, sigma }), p, { nodes: 4 }))
    const { value, grads } = tf.variableGrads(loss, [mu, sigma])
    tf.dispose([value, grads])
  })
  expect((most - start) / 1e6).toBeLessThan(megabytes)
  tf.dispose([mu, sigma])
})

/** The largest number of bytes in tensors while a function runs, looked at after each kernel. */
function peakBytes(f: () => void): number {
  const engine = tf.engine()
  const runKernel = engine.runKernel
  let most = 0
  engine.runKernel = function run<T extends tf.Tensor | tf.Tensor[]>(this: unknown, ...args: Parameters<typeof runKernel>): T {
    const result = runKernel.apply(engine, args)
    most = Math.max(most, tf.memory().numBytes)
    return result as T
  }
  try {
    f()
  } finally {
    engine.runKernel = runKernel
  }
  return most
}

test('too few nodes are refused', () => {
  expect(() => quadratureKl(new Normal({ mu: 0, sigma: 1 }), new Laplace({ mu: 0, scale: 1 }), { nodes: 3 })).toThrow(
    InvalidParameterError,
  )
})
