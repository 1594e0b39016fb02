import * as tf from '@tensorflow/tfjs'
import { statelessNormal } from '@tfjs-bayes/backend'
import { expectNoLeak, expectTensorsClose, finiteDifference, integrate, normalPValue } from '@tfjs-bayes/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  Bernoulli,
  Categorical,
  Cauchy,
  closedKl,
  crossEntropy,
  type Distribution,
  estimateKl,
  InvalidParameterError,
  independent,
  kl,
  klUpperBound,
  Laplace,
  Logistic,
  monteCarloKl,
  NoClosedFormError,
  NoKlMethodError,
  Normal,
  NormalScaleMixture,
  quadratureKl,
  renyiDivergence,
  StudentT,
  UndefinedQuantityError,
} from '../../src/index.ts'

const logNormalDensity = (x: number, mu: number, sigma: number): number =>
  -0.5 * ((x - mu) / sigma) ** 2 - Math.log(sigma * Math.sqrt(2 * Math.PI))
const single = (f: () => tf.Tensor): number => tf.tidy(() => f().dataSync()[0]!)
const mixture = new NormalScaleMixture({ weights: [0.75, 0.25], sigmas: [0.1, 0.0005] })
const scale = fc.double({ min: -7, max: 1, noNaN: true }).map((x) => Math.fround(Math.exp(x)))
const location = fc.double({ min: -2, max: 2, noNaN: true }).map(Math.fround)

describe('the upper bound', () => {
  test('is above the divergence by at most -log of a weight, and exact for one component', () => {
    fc.assert(
      fc.property(location, scale, (mu, sigma) => {
        const q = new Normal({ mu: mu / 10, sigma })
        const [bound, exact] = [single(() => klUpperBound(q, mixture)), single(() => quadratureKl(q, mixture))]
        expect(bound).toBeGreaterThan(exact - 1e-5 * (1 + Math.abs(exact)))
        const one = new NormalScaleMixture({ weights: [1], sigmas: [0.3] })
        const closed = single(() => closedKl(q, new Normal({ mu: 0, sigma: 0.3 })))
        expect(Math.abs(single(() => klUpperBound(q, one)) - closed)).toBeLessThan(1e-5 * (1 + closed))
        const nearest = Math.min(
          ...[0.1, 0.0005].map((s, k) => single(() => closedKl(q, new Normal({ mu: 0, sigma: s }))) - Math.log([0.75, 0.25][k]!)),
        )
        expect(bound).toBeLessThan(nearest + 1e-4 * (1 + Math.abs(nearest)))
      }),
      { numRuns: 40 },
    )
  })

  test('is the formula, with gradients of finite differences', async () => {
    await expectNoLeak(() =>
      tf.tidy(() => {
        const [mu, sigma] = [tf.tensor1d([0.05, -0.3]), tf.tensor1d([0.02, 0.4])]
        const p = new NormalScaleMixture({ weights: [0.6, 0.4], sigmas: [0.5, 0.05] })
        const by = (w: number, s: number, i: number): number => {
          const [m, sd] = [mu.dataSync()[i]!, sigma.dataSync()[i]!]
          return w * Math.exp(-(Math.log(s / sd) + (sd ** 2 + m ** 2) / (2 * s ** 2) - 0.5))
        }
        const bound = (m: tf.Tensor, s: tf.Tensor): tf.Tensor => klUpperBound(new Normal({ mu: m, sigma: s }), p)
        expectTensorsClose(
          bound(mu, sigma),
          [0, 1].map((i) => -Math.log(by(0.6, 0.5, i) + by(0.4, 0.05, i))),
        )
        const [dMu, dSigma] = tf.grads((m: tf.Tensor, s: tf.Tensor) => tf.sum(bound(m, s)))([mu, sigma])
        expectTensorsClose(dMu!, tf.tensor1d(finiteDifference((m) => bound(m, sigma), mu)), { relative: 3e-3, absolute: 1e-2 })
        expectTensorsClose(dSigma!, tf.tensor1d(finiteDifference((s) => bound(mu, s), sigma)), { relative: 3e-3, absolute: 1e-2 })
      }),
    )
  })
})

describe('Monte Carlo', () => {
  const KEY = 40_021

  test('is the divergence within its standard error, for pairs without a formula too', () => {
    tf.tidy(() => {
      const q = new Normal({ mu: 0.3, sigma: 0.6 })
      const samples = q.sample(statelessNormal([20_000], KEY, 0))
      for (const p of [
        new Laplace({ mu: 0, scale: 1 }),
        new Cauchy({ mu: 0, scale: 0.5 }),
        new NormalScaleMixture({ weights: [0.5, 0.5], sigmas: [1, 0.2] }),
      ]) {
        const { value, standardError } = estimateKl(q, p, samples)
        const z = (value.dataSync()[0]! - single(() => kl(q, p).value)) / standardError.dataSync()[0]!
        expect(normalPValue(z), `key ${KEY}`).toBeGreaterThan(1e-4)
      }
    })
  })

  test('the standard error is that of the mean', () => {
    tf.tidy(() => {
      const q = new Normal({ mu: 0, sigma: 1 })
      const p = new Normal({ mu: 1, sigma: 1 })
      // log q - log p = 1 / 2 - x
      const { value, standardError } = estimateKl(q, p, tf.tensor1d([-1, 0, 2, 3]))
      expectTensorsClose(value, tf.scalar(-0.5))
      expectTensorsClose(standardError, tf.scalar(Math.sqrt(10 / 12)))
    })
  })

  test('both gradients have the expectation of the closed form’s; sticking the landing has no noise where q is p', async () => {
    await expectNoLeak(() =>
      tf.tidy(() => {
        const p = new Normal({ mu: 0, sigma: 1 })
        const noise = statelessNormal([20_000], KEY, 1)
        const estimate = (gradient: 'total' | 'stickTheLanding') => (mu: tf.Tensor, sigma: tf.Tensor) => {
          const q = new Normal({ mu, sigma })
          return tf.mean(monteCarloKl(q, p, q.sample(noise), { gradient }))
        }
        const point = [tf.scalar(0.4), tf.scalar(0.7)]
        const exact = tf.grads((mu: tf.Tensor, sigma: tf.Tensor) => closedKl(new Normal({ mu, sigma }), p))(point)
        for (const gradient of ['total', 'stickTheLanding'] as const) {
          // 20,000 samples of standard deviation about 1: five standard errors are 0.035.
          tf.grads(estimate(gradient))(point).forEach((each, i) => {
            expectTensorsClose(each, exact[i]!, { absolute: 0.035 })
          })
        }
        tf.grads(estimate('stickTheLanding'))([tf.scalar(0), tf.scalar(1)]).forEach((each) => {
          expectTensorsClose(each, tf.scalar(0), { absolute: 1e-7 })
        })
        const noisy = tf.grads(estimate('total'))([tf.scalar(0), tf.scalar(1)])
        expect(Math.abs(noisy[1]!.dataSync()[0]!)).toBeGreaterThan(1e-4)
      }),
    )
  })

  test('under the same noise both gradients are those of finite differences, the second with the density held fixed', () => {
    tf.tidy(() => {
      const [mu, sigma, noise] = [tf.tensor1d([0.3, -0.2]), tf.tensor1d([0.4, 0.9]), statelessNormal([5, 2], KEY, 2)]
      const p = new StudentT({ df: 4, mu: 0, scale: 0.7 })
      const at = (m: tf.Tensor, s: tf.Tensor): Normal => new Normal({ mu: m, sigma: s })
      const estimates = {
        total: (q: Normal) => estimateKl(q, p, q.sample(noise)).value,
        stickTheLanding: (q: Normal) => estimateKl(at(mu, sigma), p, q.sample(noise)).value,
      }
      for (const gradient of ['total', 'stickTheLanding'] as const) {
        const own = (m: tf.Tensor, s: tf.Tensor): tf.Tensor => estimateKl(at(m, s), p, at(m, s).sample(noise), { gradient }).value
        const [byMu, bySigma] = tf.grads((m: tf.Tensor, s: tf.Tensor) => tf.sum(own(m, s)))([mu, sigma])
        const tolerance = { relative: 3e-3, absolute: 2e-3 }
        const f = estimates[gradient]
        expectTensorsClose(byMu!, tf.tensor1d(finiteDifference((m) => f(at(m, sigma)), mu)), tolerance)
        expectTensorsClose(bySigma!, tf.tensor1d(finiteDifference((s) => f(at(mu, s)), sigma)), tolerance)
      }
    })
  })

  test('refuses a gradient it does not know, and a single sample', () => {
    tf.tidy(() => {
      const q = new Normal({ mu: 0, sigma: 1 })
      expect(() => monteCarloKl(q, q, tf.zeros([2]), { gradient: 'score' as never })).toThrow(
        /gradient is "score"; expected 'total' or 'stickTheLanding'/,
      )
      const coin = new Bernoulli({ logits: 0 })
      expect(() => monteCarloKl(coin, coin, tf.zeros([2]), { gradient: 'stickTheLanding' })).toThrow(
        /no gradient reaches the parameters of bernoulli through its samples/,
      )
      expect(() => estimateKl(q, q, tf.zeros([1]))).toThrow(InvalidParameterError)
      expect(() => estimateKl(q, q, tf.scalar(1))).toThrow(/samples of shape \[\]/)
    })
  })
})

describe('kl', () => {
  const q = new Normal({ mu: 0.2, sigma: 0.5 })

  test('takes the best road and says which', async () => {
    const studentT = new StudentT({ df: 4, mu: 0, scale: 1 })
    await expectNoLeak(() => {
      const results = [
        kl(q, new Laplace({ mu: 0, scale: 1 })),
        kl(q, mixture),
        kl(q, new Cauchy({ mu: 0, scale: 1 })),
        tf.tidy(() => kl(studentT, new Logistic({ mu: 0, scale: 1 }), { samples: studentT.sample(tf.fill([8, 2], 0.3)) })),
      ]
      expect(results.map(({ method }) => method)).toEqual(['closed', 'quadrature', 'quadrature', 'monteCarlo'])
      tf.dispose(results.map(({ value, error }) => [value, ...(error ? [error] : [])]))
    })
    expect(() => kl(studentT, new Logistic({ mu: 0, scale: 1 }))).toThrow(NoKlMethodError)
    expect(() => kl(studentT, new Logistic({ mu: 0, scale: 1 }))).toThrow(
      /KL\(studentT \|\| logistic\) has no closed form.*method: 'monteCarlo', samples/,
    )
  })

  test('takes the road asked for, or says why it cannot', () => {
    tf.tidy(() => {
      const { method, value, error } = kl(q, mixture, { method: 'upperBound' })
      expect([method, error]).toEqual(['upperBound', undefined])
      expectTensorsClose(value, klUpperBound(q, mixture))
      expectTensorsClose(
        kl(q, new Laplace({ mu: 0, scale: 1 }), { method: 'quadrature' }).value,
        closedKl(q, new Laplace({ mu: 0, scale: 1 })),
        { absolute: 1e-5 },
      )
      const any: Distribution = new Cauchy({ mu: 0, scale: 1 })
      expect(() => kl(any, q, { method: 'quadrature' } as never)).toThrow(/'quadrature' needs a normal q/)
      expect(() => kl(q, any, { method: 'upperBound' } as never)).toThrow(
        /'upperBound' needs a normal q and a normalScaleMixture p/,
      )
      expect(() => kl(q, any, { method: 'closed' })).toThrow(NoClosedFormError)
      expect(() => kl(q, any, { method: 'guess' } as never)).toThrow(/method is "guess"; expected 'closed'/)
      expect(() => kl(q, any, { method: 'monteCarlo' } as never)).toThrow(/expected draws of q, \[S, ...\]/)
    })
  })

  test('sums over the event of independent distributions, by every road', () => {
    tf.tidy(() => {
      const each = new Normal({
        mu: tf.tensor2d([
          [0.1, 0.2],
          [0.3, -0.4],
        ]),
        sigma: 0.3,
      })
      const p = new NormalScaleMixture({ mu: tf.zeros([2]), weights: [0.5, 0.5], sigmas: [1, 0.1] })
      const [q2, p2] = [independent(each), independent(p)]
      expectTensorsClose(kl(q2, p2).value, tf.sum(quadratureKl(each, p), 1))
      expectTensorsClose(kl(q2, p2, { method: 'upperBound' }).value, tf.sum(klUpperBound(each, p), 1))
      const samples = each.sample(statelessNormal([50, 2, 2], 5, 0))
      expectTensorsClose(
        kl(q2, p2, { method: 'monteCarlo', samples }).value,
        tf.sum(tf.mean(monteCarloKl(each, p, samples), 0), 1),
      )
      const { error } = kl(q2, p2, { method: 'quadrature', error: true })
      expect(error!.shape).toEqual([2])
    })
  })
})

describe('the cross entropy', () => {
  test('is the divergence plus the entropy, by every road', async () => {
    const [q, p] = [new Normal({ mu: 0.3, sigma: 0.6 }), new Laplace({ mu: 0, scale: 1 })]
    const expected = integrate((x) => -Math.exp(logNormalDensity(x, 0.3, 0.6)) * (-Math.abs(x) - Math.LN2), -8, 8, {
      points: [0],
    })
    await expectNoLeak(() =>
      tf.tidy(() => {
        expectTensorsClose(crossEntropy(q, p).value, tf.scalar(expected))
        expectTensorsClose(crossEntropy(q, p, { method: 'quadrature' }).value, tf.scalar(expected), { absolute: 2e-5 })
        const { value, error, method } = crossEntropy(q, p, {
          method: 'monteCarlo',
          samples: q.sample(statelessNormal([20_000], 7, 0)),
        })
        expect(method).toBe('monteCarlo')
        expect(normalPValue((value.dataSync()[0]! - expected) / error!.dataSync()[0]!)).toBeGreaterThan(1e-4)
      }),
    )
  })

  test('needs no entropy of q on samples, and says so otherwise', () => {
    tf.tidy(() => {
      const p = new Laplace({ mu: 0, scale: 1 })
      const samples = mixture.sample(statelessNormal([100, 2], 8, 0))
      expectTensorsClose(crossEntropy(mixture, p, { method: 'monteCarlo', samples }).value, tf.neg(tf.mean(p.logProb(samples))))
      const labels = new Categorical({ logits: tf.zeros([3]) })
      expectTensorsClose(crossEntropy(labels, labels).value, tf.scalar(Math.log(3)))
      expect(() => mixture.entropy()).toThrow(UndefinedQuantityError)
    })
  })
})

describe('the Renyi divergence', () => {
  test('agrees with quadrature of q^alpha p^(1 - alpha)', () => {
    fc.assert(
      fc.property(
        location,
        fc.double({ min: 0.2, max: 2, noNaN: true }),
        location,
        fc.double({ min: 0.2, max: 2, noNaN: true }),
        fc.constantFrom(0.1, 0.5, 0.9, 0.999, 1.001, 1.5, 3),
        (mq, sq, mp, sp, alpha) => {
          const variance = alpha * sp ** 2 + (1 - alpha) * sq ** 2
          const got = single(() =>
            renyiDivergence(new Normal({ mu: tf.scalar(mq), sigma: sq }), new Normal({ mu: mp, sigma: sp }), { alpha }),
          )
          if (variance <= 0) {
            expect(got).toBe(Number.POSITIVE_INFINITY)
          } else if (variance > 0.02) {
            const width = (sq * sp) / Math.sqrt(variance)
            const centre = (alpha * mq * sp ** 2 + (1 - alpha) * mp * sq ** 2) / variance
            const integrand = (x: number): number =>
              Math.exp(alpha * logNormalDensity(x, mq, sq) + (1 - alpha) * logNormalDensity(x, mp, sp))
            const logIntegral = Math.log(integrate((z) => integrand(centre + width * z) * width, -12, 12))
            const expected = logIntegral / (alpha - 1)
            expect(Math.abs(got - expected)).toBeLessThan(2e-5 + 2e-5 * expected)
          }
        },
      ),
      { numRuns: 100 },
    )
  })

  test('at 1, and close to it, is the KL divergence; grows with alpha; gradients are those of finite differences', async () => {
    await expectNoLeak(() =>
      tf.tidy(() => {
        const point = [tf.tensor1d([0.3, -1]), tf.tensor1d([0.8, 0.5])]
        const p = new Normal({ mu: 0.1, sigma: 0.9 })
        const at = (alpha: number) => (mu: tf.Tensor, sigma: tf.Tensor) =>
          renyiDivergence(new Normal({ mu, sigma }), p, { alpha })
        const [mu, sigma] = point as [tf.Tensor, tf.Tensor]
        const exact = closedKl(new Normal({ mu, sigma }), p)
        expectTensorsClose(at(1)(mu, sigma), exact, { relative: 0, absolute: 0 })
        expectTensorsClose(at(1 + 1e-6)(mu, sigma), exact, { relative: 1e-5 })
        const grown = tf.sub(at(2)(mu, sigma), at(0.5)(mu, sigma)).dataSync()
        expect(Math.min(...grown)).toBeGreaterThan(0)
        const [dMu, dSigma] = tf.grads((m: tf.Tensor, s: tf.Tensor) => tf.sum(at(0.5)(m, s)))([mu, sigma])
        expectTensorsClose(dMu!, tf.tensor1d(finiteDifference((m) => at(0.5)(m, sigma), mu)), { relative: 3e-3, absolute: 1e-3 })
        expectTensorsClose(dSigma!, tf.tensor1d(finiteDifference((s) => at(0.5)(mu, s), sigma)), {
          relative: 3e-3,
          absolute: 1e-3,
        })
      }),
    )
    const normal = new Normal({ mu: 0, sigma: 1 })
    expect(() => renyiDivergence(normal, normal, { alpha: 0 })).toThrow(/alpha is 0; expected a finite number > 0/)
  })
})
