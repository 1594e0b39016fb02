import * as tf from '@tensorflow/tfjs'
import { statelessNormal } from '@tfjs-bayes/backend'
import {
  mu as anyMu,
  sigma as anySigma,
  expectNoLeak,
  expectTensorsClose,
  finiteDifference,
  integrate,
  ksPValue,
  momentsZScore,
  normalPValue,
} from '@tfjs-bayes/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { InvalidParameterError, ShapeMismatchError } from '../errors.ts'
import { Normal } from './normal.ts'

const logDensity = (x: number, mu: number, sigma: number): number =>
  -0.5 * ((x - mu) / sigma) ** 2 - Math.log(sigma) - 0.5 * Math.log(2 * Math.PI)

test('logProb is the log of the density, far into both tails and over scales from 1e-6 to 1e6', () => {
  for (const sigma of [1e-6, 0.1, 1, 1e6]) {
    const z = [-1e4, -30, -1, 0, 0.5, 7, 1e4]
    tf.tidy(() => {
      const s = Math.fround(sigma)
      const x = Float32Array.from(z, (each) => each * s)
      const expected = Array.from(x, (each) => logDensity(each, 0, s))
      expectTensorsClose(new Normal({ mu: 0, sigma: s }).logProb(tf.tensor1d(x)), expected, { absolute: 1e-6, relative: 1e-6 })
      expectTensorsClose(new Normal({ mu: tf.scalar(0), sigma: tf.fill([7], s) }).logProb(tf.tensor1d(x)), expected, {
        absolute: 1e-6,
        relative: 1e-6,
      })
    })
  }
})

test('entropy, mean and variance are what quadrature of the density gives', () => {
  fc.assert(
    fc.property(anyMu(), anySigma(), (mu, sigma) => {
      const normal = new Normal({ mu, sigma })
      const expectation = (f: (x: number) => number): number =>
        integrate((z) => f(mu + sigma * z) * Math.exp(logDensity(z, 0, 1)), -38, 38)
      tf.tidy(() => {
        const tolerance = { relative: 1e-5, absolute: 1e-6 }
        expectTensorsClose(normal.entropy(), tf.scalar(-expectation((x) => logDensity(x, mu, sigma))), tolerance)
        expectTensorsClose(normal.mean(), tf.scalar(expectation((x) => x)), tolerance)
        expectTensorsClose(normal.variance(), tf.scalar(expectation((x) => (x - mu) ** 2)), { relative: 1e-5, absolute: 1e-12 })
      })
    }),
    { numRuns: 30 },
  )
})

test('parameters broadcast, and every result has the batch shape', () => {
  tf.tidy(() => {
    const normal = new Normal({ mu: tf.tensor2d([[1], [2]]), sigma: tf.tensor1d([1, 2, 3]) })
    expect(normal.batchShape).toEqual([2, 3])
    for (const result of [normal.mean(), normal.variance(), normal.entropy()]) expect(result.shape).toEqual([2, 3])
    expectTensorsClose(normal.mean(), [
      [1, 1, 1],
      [2, 2, 2],
    ])
    expectTensorsClose(normal.variance(), [
      [1, 4, 9],
      [1, 4, 9],
    ])
    expect(normal.logProb(tf.zeros([5, 1, 1])).shape).toEqual([5, 2, 3])
    expect(normal.sample(tf.zeros([4, 2, 3])).shape).toEqual([4, 2, 3])
    expectTensorsClose(new Normal({ mu: 3, sigma: tf.ones([2]) }).mean(), [3, 3])
  })
})

test('the sampler is mu + sigma * noise exactly, and its draws fit', () => {
  // One test in 10^6 may fail by chance; the key makes the draw repeatable.
  const key = 20_001
  tf.tidy(() => {
    const normal = new Normal({ mu: -2, sigma: 0.25 })
    expectTensorsClose(normal.sample(tf.tensor1d([0, 1, -2])), [-2, -1.75, -2.5])
    const samples = normal.sample(statelessNormal([20_000], key, 0)).dataSync()
    const cdf = (x: number): number => {
      const upper = 0.5 * normalPValue((x + 2) / 0.25)
      return x > -2 ? 1 - upper : upper
    }
    expect(ksPValue(samples, cdf), `key ${key}`).toBeGreaterThan(1e-6)
    const z = momentsZScore({ samples, mean: -2, variance: 0.0625 })
    expect(normalPValue(z.mean), `key ${key}`).toBeGreaterThan(1e-6)
    expect(normalPValue(z.variance), `key ${key}`).toBeGreaterThan(1e-6)
  })
})

test('gradients of logProb and of the sampler are those of finite differences', async () => {
  await expectNoLeak(() =>
    tf.tidy(() => {
      const x = tf.tensor1d([-1.5, 0.3, 4])
      const mu = tf.tensor1d([0.5, -0.2, 3])
      const sigma = tf.tensor1d([0.7, 0.2, 5])
      const logProb = (a: tf.Tensor, m: tf.Tensor, s: tf.Tensor): tf.Tensor => new Normal({ mu: m, sigma: s }).logProb(a)
      const [dx, dmu, dsigma] = tf.grads((...point: tf.Tensor[]) =>
        tf.sum(logProb(...(point as [tf.Tensor, tf.Tensor, tf.Tensor]))),
      )([x, mu, sigma])
      expectTensorsClose(
        dx!,
        finiteDifference((each) => logProb(each, mu, sigma), x),
        { relative: 2e-3, absolute: 1e-3 },
      )
      expectTensorsClose(
        dmu!,
        finiteDifference((each) => logProb(x, each, sigma), mu),
        { relative: 2e-3, absolute: 1e-3 },
      )
      expectTensorsClose(
        dsigma!,
        finiteDifference((each) => logProb(x, mu, each), sigma),
        { relative: 2e-3, absolute: 1e-3 },
      )
      const drawn = (m: tf.Tensor, s: tf.Tensor): tf.Tensor => tf.square(new Normal({ mu: m, sigma: s }).sample(x))
      const [sampleMu, sampleSigma] = tf.grads((m: tf.Tensor, s: tf.Tensor) => tf.sum(drawn(m, s)))([mu, sigma])
      expectTensorsClose(
        sampleMu!,
        finiteDifference((each) => drawn(each, sigma), mu),
        { relative: 2e-3, absolute: 1e-3 },
      )
      expectTensorsClose(
        sampleSigma!,
        finiteDifference((each) => drawn(mu, each), sigma),
        { relative: 2e-3, absolute: 1e-3 },
      )
    }),
  )
})

test('no method leaks', async () => {
  const mu = tf.tensor1d([0, 1])
  const sigma = tf.tensor1d([1, 2])
  const x = tf.tensor1d([0.5, 0.5])
  await expectNoLeak(() => {
    for (const normal of [new Normal({ mu, sigma }), new Normal({ mu: 0, sigma: 1 }), new Normal({ mu, sigma: 1 })]) {
      tf.dispose([normal.logProb(x), normal.sample(x), normal.mean(), normal.variance(), normal.entropy()])
    }
  })
  tf.dispose([mu, sigma, x])
})

test('a bad parameter is a named error with the value and the way out', () => {
  for (const sigma of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => new Normal({ mu: 0, sigma })).toThrow(InvalidParameterError)
    expect(() => new Normal({ mu: 0, sigma })).toThrow(
      new RegExp(`normal: sigma is ${sigma}; expected a finite number > 0.*softplus`),
    )
  }
  expect(() => new Normal({ mu: Number.NaN, sigma: 1 })).toThrow(/normal: mu is NaN/)
  tf.tidy(() => {
    expect(() => new Normal({ mu: tf.zeros([2]), sigma: tf.ones([3]) })).toThrow(ShapeMismatchError)
    expect(() => new Normal({ mu: tf.zeros([2]), sigma: 1 }).logProb(tf.zeros([3]))).toThrow(
      /normal.logProb: shapes do not broadcast: x \[3\], batch \[2\]/,
    )
  })
})
