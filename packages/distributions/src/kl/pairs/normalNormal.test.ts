import * as tf from '@tensorflow/tfjs'
import { statelessNormal } from '@tfjs-bayes/backend'
import {
  mu as anyMu,
  sigma as anySigma,
  expectNoLeak,
  expectTensorsClose,
  finiteDifference,
  gaussianExpectation,
  normalPValue,
} from '@tfjs-bayes/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ShapeMismatchError } from '../../errors.ts'
import { Normal } from '../../families/normal.ts'
import { monteCarloKl } from '../monteCarlo.ts'
import { klNormalNormal, sumOfKlNormalNormal, varianceAndSumOfKl } from './normalNormal.ts'

const logDensity = (x: number, mu: number, sigma: number): number =>
  -0.5 * ((x - mu) / sigma) ** 2 - Math.log(sigma) - 0.5 * Math.log(2 * Math.PI)

/** KL by quadrature of q (log q - log p) in float64. */
const quadrature = (muQ: number, sigmaQ: number, muP: number, sigmaP: number): number =>
  gaussianExpectation((x) => logDensity(x, muQ, sigmaQ) - logDensity(x, muP, sigmaP), muQ, sigmaQ)

const kl = (muQ: number, sigmaQ: number, muP: number, sigmaP: number): number =>
  tf.tidy(
    () =>
      klNormalNormal(
        new Normal({ mu: tf.scalar(muQ), sigma: tf.scalar(sigmaQ) }),
        new Normal({ mu: muP, sigma: sigmaP }),
      ).dataSync()[0]!,
  )

test('agrees with quadrature over random parameters', () => {
  fc.assert(
    fc.property(anyMu(), anySigma(), anyMu(), anySigma(), (muQ, sigmaQ, muP, sigmaP) => {
      const expected = quadrature(muQ, sigmaQ, muP, sigmaP)
      expect(Math.abs(kl(muQ, sigmaQ, muP, sigmaP) - expected)).toBeLessThan(1e-6 + 1e-5 * expected)
    }),
    { numRuns: 200 },
  )
})

test('near equality it is never below -1e-6 and keeps the size of a tiny divergence', () => {
  for (const step of [0, 1e-7, 1e-5, 1e-4, 1e-3, 1e-2]) {
    for (const sigma of [1e-6, 0.1, 1, 1e6]) {
      const close = Math.fround(sigma * (1 + step))
      const expected = Math.log(Math.fround(sigma) / close) + close ** 2 / (2 * Math.fround(sigma) ** 2) - 0.5
      const got = kl(0, close, 0, Math.fround(sigma))
      expect(got).toBeGreaterThan(-1e-6)
      expect(Math.abs(got - expected)).toBeLessThan(1e-9 + 3e-7 * step)
    }
  }
})

test('is 0 for equal distributions, unchanged by shift, scale and reflection', () => {
  fc.assert(
    fc.property(anyMu(), anySigma(), anyMu(), anySigma(), (muQ, sigmaQ, muP, sigmaP) => {
      expect(Math.abs(kl(muQ, sigmaQ, muQ, sigmaQ))).toBeLessThan(1e-7)
      const base = kl(muQ, sigmaQ, muP, sigmaP)
      const tolerance = 1e-5 + 1e-5 * base
      expect(Math.abs(kl(8 * muQ, 8 * sigmaQ, 8 * muP, 8 * sigmaP) - base)).toBeLessThan(tolerance)
      expect(Math.abs(kl(-muQ, sigmaQ, -muP, sigmaP) - base)).toBeLessThan(tolerance)
    }),
    { numRuns: 50 },
  )
})

test('the same value whichever parameters are numbers', () => {
  tf.tidy(() => {
    const numbers = [0.3, 0.2, -0.1, 0.5] as const
    const expected = [quadrature(...numbers), quadrature(...numbers)]
    for (let mask = 0; mask < 16; mask++) {
      const [muQ, sigmaQ, muP, sigmaP] = numbers.map((value, i) => ((mask >> i) & 1 ? tf.fill([2], value) : value)) as [
        number,
        number,
        number,
        number,
      ]
      const value = klNormalNormal(new Normal({ mu: muQ, sigma: sigmaQ }), new Normal({ mu: muP, sigma: sigmaP }))
      expectTensorsClose(value, mask === 0 ? tf.scalar(expected[0]!) : expected)
    }
  })
})

test('gradients by all four parameters, broadcast ones summed, are those of finite differences, and nothing leaks', async () => {
  await expectNoLeak(() =>
    tf.tidy(() => {
      const point: tf.Tensor[] = [
        tf.tensor2d([
          [0.5, -0.2],
          [1, 2],
        ]),
        tf.tensor2d([[0.7], [0.2]]),
        tf.tensor1d([0.1, 0.4]),
        tf.scalar(0.6),
      ]
      const squared = (...[muQ, sigmaQ, muP, sigmaP]: tf.Tensor[]): tf.Tensor =>
        tf.square(klNormalNormal(new Normal({ mu: muQ!, sigma: sigmaQ! }), new Normal({ mu: muP!, sigma: sigmaP! })))
      const gradients = tf.grads((...at: tf.Tensor[]) => tf.sum(squared(...at)))(point)
      point.forEach((x, i) => {
        const expected = tf.tensor(
          finiteDifference((moved) => squared(...point.with(i, moved)), x),
          x.shape,
        )
        expectTensorsClose(gradients[i]!, expected, { relative: 5e-3, absolute: 2e-3 })
      })
    }),
  )
})

test('the gradient vanishes at equality without cancelling just beside it', () => {
  tf.tidy(() => {
    const sigmaP = 0.1
    const dSigma = tf.grad((sigma: tf.Tensor) =>
      tf.sum(klNormalNormal(new Normal({ mu: 0, sigma }), new Normal({ mu: 0, sigma: sigmaP }))),
    )
    const sigmas = [0.1, 0.1001, 0.10001].map(Math.fround)
    const expected = sigmas.map((sigma) => (sigma ** 2 / sigmaP ** 2 - 1) / sigma)
    expectTensorsClose(dSigma(tf.tensor1d(sigmas)), expected, { absolute: 2e-6, relative: 1e-4 })
  })
})

test('the Monte-Carlo KL is the closed one within four standard errors, and exact on one sample', () => {
  tf.tidy(() => {
    const q = new Normal({ mu: tf.tensor1d([0.3, -1]), sigma: tf.tensor1d([0.2, 1.5]) })
    const p = new Normal({ mu: 0, sigma: 0.8 })
    const one = tf.tensor1d([0.1, 0.7])
    const byHand = [0.1, 0.7].map((x, i) => logDensity(x, [0.3, -1][i]!, [0.2, 1.5][i]!) - logDensity(x, 0, 0.8))
    expectTensorsClose(monteCarloKl(q, p, one), byHand)
    const key = 20_002
    const estimates = monteCarloKl(q, p, q.sample(statelessNormal([4000, 2], key, 0)))
    expect(estimates.shape).toEqual([4000, 2])
    const { mean, variance } = tf.moments(estimates, 0)
    const z = tf.div(tf.sub(mean, klNormalNormal(q, p)), tf.sqrt(tf.div(variance, 4000))).dataSync()
    for (const each of z) expect(normalPValue(each), `key ${key}`).toBeGreaterThan(1e-4)
  })
})

test('shapes that do not broadcast are a named error', () => {
  tf.tidy(() => {
    const q = new Normal({ mu: tf.zeros([2]), sigma: 1 })
    expect(() => klNormalNormal(q, new Normal({ mu: tf.zeros([3]), sigma: 1 }))).toThrow(ShapeMismatchError)
    expect(klNormalNormal(q, new Normal({ mu: tf.zeros([3, 1]), sigma: 1 })).shape).toEqual([3, 2])
  })
})

test('the sum is that of the elements, value and gradients, whatever the prior is made of', async () => {
  const mu = tf.randomNormal([40, 30], 0.02, 0.1, 'float32', 1)
  const sigma = tf.randomUniform([40, 30], 1e-3, 0.3, 'float32', 2)
  const priors = [
    { mu: 0, sigma: 0.1 },
    { mu: -0.3, sigma: 2 },
    { mu: tf.scalar(0.1), sigma: 0.5 },
    { mu: 0, sigma: tf.randomUniform([30], 0.1, 1, 'float32', 3) },
  ]
  for (const prior of priors) {
    await expectNoLeak(() =>
      tf.tidy(() => {
        // A factor of its own for the sum: the gradient that comes in is not 1.
        const by = (sum: (q: Normal, p: Normal) => tf.Tensor) =>
          tf.valueAndGrads((m: tf.Tensor, s: tf.Tensor) => tf.mul(sum(new Normal({ mu: m, sigma: s }), new Normal(prior)), 0.3))([
            mu,
            sigma,
          ])
        const elements = by((q, p) => tf.sum(klNormalNormal(q, p)))
        const sum = by(sumOfKlNormalNormal)
        expectTensorsClose(sum.value, elements.value, { relative: 2e-6 })
        // Where both terms of a derivative are large and close, float32 leaves 1e-6 of their size.
        sum.grads.forEach((gradient, i) => {
          expectTensorsClose(gradient, elements.grads[i]!, { relative: 2e-5, absolute: 1e-4 })
        })
      }),
    )
  }
})

test('the sum takes parameters that broadcast or are numbers, and is 0 to 1e-5 nats an element at equality', () => {
  tf.tidy(() => {
    const p = new Normal({ mu: 0, sigma: 0.1 })
    const q = new Normal({ mu: tf.fill([4, 3], 0.2), sigma: tf.fill([3], 0.05) })
    expectTensorsClose(sumOfKlNormalNormal(q, p), tf.sum(klNormalNormal(q, p)), { relative: 1e-6 })
    expectTensorsClose(
      sumOfKlNormalNormal(new Normal({ mu: 0.2, sigma: 0.05 }), p),
      klNormalNormal(new Normal({ mu: 0.2, sigma: 0.05 }), p),
    )
    const equal = new Normal({ mu: tf.zeros([100, 100]), sigma: tf.fill([100, 100], 0.1) })
    expect(Math.abs(sumOfKlNormalNormal(equal, p).dataSync()[0]!)).toBeLessThan(1e-5 * 10_000)
  })
})

test('variance and sum of one op are those of two, values and gradients, whatever the prior is made of', async () => {
  const mu = tf.randomNormal([40, 30], 0.02, 0.1, 'float32', 1)
  const sigma = tf.randomUniform([40, 30], 1e-3, 0.3, 'float32', 2)
  const weights = tf.randomNormal([40, 30], 0, 1, 'float32', 4)
  // Factors of their own for both results, and losses that leave one of them out.
  const losses: ((variance: tf.Tensor, kl: tf.Tensor) => tf.Tensor)[] = [
    (variance, kl) => tf.add(tf.sum(tf.mul(variance, weights)), tf.mul(kl, 0.3)),
    (variance) => tf.sum(tf.mul(variance, weights)),
    (_, kl) => tf.mul(kl, -2),
  ]
  for (const prior of [
    { mu: 0, sigma: 0.1 },
    { mu: -0.3, sigma: 2 },
    { mu: tf.scalar(0.1), sigma: 0.5 },
  ]) {
    for (const loss of losses) {
      await expectNoLeak(() =>
        tf.tidy(() => {
          const by = (results: (q: Normal, p: Normal) => [tf.Tensor, tf.Tensor]) =>
            tf.valueAndGrads((m: tf.Tensor, s: tf.Tensor) =>
              tf.add(loss(...results(new Normal({ mu: m, sigma: s }), new Normal(prior))), tf.sum(m)),
            )([mu, sigma])
          const one = by(varianceAndSumOfKl)
          const two = by((q, p) => [tf.square(q.sigma as tf.Tensor), tf.sum(klNormalNormal(q, p))])
          expectTensorsClose(one.value, two.value, { relative: 2e-6 })
          one.grads.forEach((gradient, i) => {
            expectTensorsClose(gradient, two.grads[i]!, { relative: 2e-5, absolute: 1e-4 })
          })
        }),
      )
    }
  }
})
