import * as tf from '@tensorflow/tfjs'
import { expectNoLeak, expectTensorsClose, finiteDifference } from '@tfjs-bayes/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  Bernoulli,
  Categorical,
  Cauchy,
  closedKl,
  closedKlPairs,
  Distribution,
  deserializeDistribution,
  hasClosedKl,
  independent,
  Laplace,
  LogNormal,
  NoClosedFormError,
  Normal,
  Poisson,
  registerClosedKl,
  ShapeMismatchError,
  StudentT,
} from '../../src/index.ts'
import { kl64, type Numbers } from './densities.ts'

const scale = fc.double({ min: Math.log(0.05), max: Math.log(8), noNaN: true }).map((x) => Math.fround(Math.exp(x)))
const location = fc.double({ min: -4, max: 4, noNaN: true }).map(Math.fround)

/** Random parameters of each family; `inside` keeps an interval in x >= 0. */
const parameters: Readonly<Record<string, (inside: boolean) => fc.Arbitrary<Numbers>>> = {
  normal: () => fc.record({ mu: location, sigma: scale }),
  laplace: () => fc.record({ mu: location, scale }),
  logistic: () => fc.record({ mu: location, scale }),
  cauchy: () => fc.record({ mu: location, scale }),
  studentT: () => fc.record({ df: fc.double({ min: 4, max: 40, noNaN: true }).map(Math.fround), mu: location, scale }),
  uniform: (inside) =>
    fc.tuple(location, scale).map(([low, width]) => {
      const start = inside ? Math.abs(low) : low
      return { low: start, high: Math.fround(start + width) }
    }),
  logNormal: () => fc.record({ mu: location, sigma: scale.map((s) => Math.fround(Math.min(s, 1.2))) }),
  halfNormal: () => fc.record({ sigma: scale }),
  halfCauchy: () => fc.record({ scale }),
}

const make = (family: string, numbers: Numbers): Distribution => deserializeDistribution({ family, parameters: numbers })
const value = (q: Distribution, p: Distribution): number => tf.tidy(() => closedKl(q, p).dataSync()[0]!)

const formulaPairs = [...closedKlPairs()]
  .filter(([, kind]) => kind === 'formula')
  .map(([pair]) => pair.split(' || ') as [string, string])
const univariate = formulaPairs.filter(([q, p]) => q in parameters && p in parameters && `${q} || ${p}` !== 'uniform || uniform')

test.each(univariate)('KL(%s || %s) agrees with adaptive quadrature', (q, p) => {
  const inside = ['logNormal', 'halfNormal', 'halfCauchy'].includes(p)
  fc.assert(
    fc.property(parameters[q]!(inside), parameters[p]!(inside), (qNumbers, pNumbers) => {
      const expected = kl64(q, qNumbers, p, pNumbers)
      const got = value(make(q, qNumbers), make(p, pNumbers))
      // What float32 can do: the divergence is a difference of the cross entropy and the entropy.
      const [qAgain, absolute] = [make(q, qNumbers), 2e-6]
      const entropy = Math.abs(tf.tidy(() => qAgain.entropy().dataSync()[0]!))
      expect(Math.abs(got - expected)).toBeLessThan(absolute * (1 + entropy) + 1e-5 * expected)
      expect(got).toBeGreaterThan(-1e-6)
    }),
    { numRuns: 25 },
  )
})

// KL(uniform || uniform) has tests of its values below.
const differentiable = [...univariate, ['uniform', 'uniform'] as const]

test.each(differentiable)('the gradients of KL(%s || %s) by all parameters are those of finite differences', async (q, p) => {
  const examples: Record<string, readonly [Numbers, Numbers]> = {
    normal: [
      { mu: 0.5, sigma: 0.7 },
      { mu: -0.3, sigma: 1.4 },
    ],
    laplace: [
      { mu: 0.5, scale: 0.7 },
      { mu: 0.9, scale: 1.4 },
    ],
    logistic: [
      { mu: 0.5, scale: 0.7 },
      { mu: 0.9, scale: 1.4 },
    ],
    cauchy: [
      { mu: 0.5, scale: 0.7 },
      { mu: 0.9, scale: 1.4 },
    ],
    studentT: [
      { df: 5, mu: 0.5, scale: 0.7 },
      { df: 3.5, mu: 0.9, scale: 1.4 },
    ],
    uniform: [
      { low: 0.5, high: 2 },
      { low: 0.25, high: 3 },
    ],
    logNormal: [
      { mu: 0.5, sigma: 0.7 },
      { mu: -0.3, sigma: 1.1 },
    ],
    halfNormal: [{ sigma: 0.7 }, { sigma: 1.4 }],
    halfCauchy: [{ scale: 0.7 }, { scale: 1.4 }],
  }
  const [qNumbers, pNumbers] = [examples[q]![0], examples[p]![1]]
  await expectNoLeak(() =>
    tf.tidy(() => {
      const [qNames, pNames] = [Object.keys(qNumbers), Object.keys(pNumbers)]
      const point: tf.Tensor[] = [...Object.values(qNumbers), ...Object.values(pNumbers)].map((each) =>
        tf.tensor1d([each, each * 1.125]),
      )
      const divergence = (...at: tf.Tensor[]): tf.Tensor => {
        const named = (names: readonly string[], from: number): Record<string, tf.Tensor> =>
          Object.fromEntries(names.map((name, i) => [name, at[from + i]!]))
        return closedKl(
          make(q, qNumbers).withParameters(named(qNames, 0)),
          make(p, pNumbers).withParameters(named(pNames, qNames.length)),
        )
      }
      const gradients = tf.grads((...at: tf.Tensor[]) => tf.sum(divergence(...at)))(point)
      point.forEach((at, i) => {
        const expected = tf.tensor1d(finiteDifference((moved) => divergence(...point.with(i, moved)), at))
        expectTensorsClose(gradients[i]!, expected, { relative: 3e-3, absolute: 2e-3 })
      })
    }),
  )
})

test.each(['normal', 'laplace', 'cauchy', 'logNormal', 'halfNormal', 'halfCauchy'])(
  'KL(%s || itself) is 0, and small and positive beside it',
  (family) => {
    fc.assert(
      fc.property(parameters[family]!(false), fc.constantFrom(1e-6, 1e-4, 1e-2), (numbers, step) => {
        const near = Object.fromEntries(Object.entries(numbers).map(([name, each]) => [name, Math.fround(each * (1 + step))]))
        expect(Math.abs(value(make(family, numbers), make(family, numbers)))).toBeLessThan(1e-7)
        expect(value(make(family, numbers), make(family, near))).toBeGreaterThan(-1e-6)
      }),
      { numRuns: 25 },
    )
  },
)

describe('discrete families', () => {
  const sum = (q: readonly number[], p: readonly number[]): number =>
    q.reduce((total, each, k) => (each < 1e-100 ? total : total + each * Math.log(each / p[k]!)), 0)
  const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))
  const softmax = (logits: readonly number[]): number[] => {
    const weights = logits.map(Math.exp)
    return weights.map((each) => each / weights.reduce((a, b) => a + b, 0))
  }
  const poisson = (rate: number, count: number): number[] => {
    const terms = [Math.exp(-rate)]
    while (terms.length < count) terms.push((terms.at(-1)! * rate) / terms.length)
    return terms
  }
  const logit = fc.double({ min: -9, max: 9, noNaN: true }).map(Math.fround)
  const rate = fc.double({ min: 0.5, max: 30, noNaN: true }).map(Math.fround)

  test('Bernoulli, Poisson and Categorical agree with the sum', () => {
    fc.assert(
      fc.property(
        fc.array(logit, { minLength: 3, maxLength: 3 }),
        fc.array(logit, { minLength: 3, maxLength: 3 }),
        rate,
        rate,
        (a, b, r, s) => {
          const close = (got: number, expected: number): void =>
            expect(Math.abs(got - expected)).toBeLessThan(2e-6 + 1e-5 * expected)
          const coin = (x: number): number[] => [1 - sigmoid(x), sigmoid(x)]
          close(
            value(new Bernoulli({ logits: a[0]! }), new Bernoulli({ logits: b[0]! })),
            sum([sigmoid(-a[0]!), sigmoid(a[0]!)], [sigmoid(-b[0]!), sigmoid(b[0]!)]),
          )
          close(value(new Poisson({ rate: r }), new Poisson({ rate: s })), sum(poisson(r, 120), poisson(s, 120)))
          close(value(new Bernoulli({ logits: a[0]! }), new Poisson({ rate: r })), sum(coin(a[0]!), poisson(r, 2)))
          tf.tidy(() => {
            const [q, p] = [new Categorical({ logits: tf.tensor1d(a) }), new Categorical({ logits: tf.tensor1d(b) })]
            close(value(q, p), sum(softmax(a), softmax(b)))
            close(value(q, new Poisson({ rate: r })), sum(softmax(a), poisson(r, 3)))
          })
        },
      ),
      { numRuns: 50 },
    )
  })

  test('equal ones have divergence 0, also for extreme odds; excluded values make it infinite', () => {
    for (const logits of [-80, -30, 0, 1, 30, 80]) {
      expect(value(new Bernoulli({ logits }), new Bernoulli({ logits }))).toBe(0)
      expect(Math.abs(value(new Bernoulli({ logits }), new Bernoulli({ logits: Math.fround(logits * 1.001) })))).toBeLessThan(
        1e-6,
      )
    }
    expect(value(new Bernoulli({ probabilities: 0.5 }), new Bernoulli({ probabilities: 0 }))).toBe(Number.POSITIVE_INFINITY)
    expect(value(new Bernoulli({ probabilities: 0.5 }), new Bernoulli({ probabilities: 1 }))).toBe(Number.POSITIVE_INFINITY)
    expect(value(new Bernoulli({ probabilities: 0 }), new Bernoulli({ probabilities: 0.5 }))).toBeCloseTo(Math.LN2, 6)
    expect(value(new Bernoulli({ probabilities: 0 }), new Bernoulli({ probabilities: 0 }))).toBe(0)
    tf.tidy(() => {
      const q = new Categorical({
        probabilities: tf.tensor2d([
          [0.5, 0.5, 0],
          [0, 1, 0],
        ]),
      })
      const p = new Categorical({ probabilities: tf.tensor1d([0.25, 0.75, 0]) })
      expectTensorsClose(closedKl(q, p), [sum([0.5, 0.5], [0.25, 0.75]), Math.log(1 / 0.75)])
      expectTensorsClose(
        closedKl(p, q),
        [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY].with(0, sum([0.25, 0.75], [0.5, 0.5])),
      )
      expect(() => closedKl(q, new Categorical({ logits: tf.zeros([2]) }))).toThrow(ShapeMismatchError)
    })
  })

  test('a coin and labels are the same table where both are 0 or 1, and exclude each other elsewhere', () => {
    tf.tidy(() => {
      const coin = new Bernoulli({ probabilities: tf.tensor1d([0.3, 1]) })
      const three = new Categorical({ probabilities: tf.tensor1d([0.5, 0.25, 0.25]) })
      const two = new Categorical({ probabilities: tf.tensor1d([0.5, 0.5]) })
      expectTensorsClose(closedKl(coin, three), [sum([0.7, 0.3], [0.5, 0.25]), Math.log(4)])
      expectTensorsClose(closedKl(two, coin), [sum([0.5, 0.5], [0.7, 0.3]), Number.POSITIVE_INFINITY])
      expectTensorsClose(closedKl(three, coin), [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY])
      const one = new Categorical({ logits: tf.zeros([1]) })
      expectTensorsClose(closedKl(one, coin), [Math.log(1 / 0.7), Number.POSITIVE_INFINITY])
      expectTensorsClose(closedKl(coin, one), [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY])
    })
  })

  test('a probability of 0 or 1 pulls at nothing: finite gradients', () => {
    tf.tidy(() => {
      const point = [tf.tensor1d([0, 1, 0.5]), tf.tensor1d([0.25, 1, 0.5])]
      const coins = tf.grads((q: tf.Tensor, p: tf.Tensor) =>
        tf.sum(closedKl(new Bernoulli({ probabilities: q }), new Bernoulli({ probabilities: p }))),
      )(point)
      expectTensorsClose(coins[0]!, [0, 0, 0])
      expectTensorsClose(coins[1]!, [1 / 0.75, 0, 0])
      const labels = (q: tf.Tensor, p: tf.Tensor): tf.Tensor =>
        closedKl(new Categorical({ probabilities: q }), new Categorical({ probabilities: p }))
      const [byQ, byP] = tf.grads(labels)([tf.tensor1d([0, 0.5, 0.5]), tf.tensor1d([0.5, 0.25, 0.25])])
      expect([...byQ!.dataSync(), ...byP!.dataSync()].every(Number.isFinite)).toBe(true)
      expectTensorsClose(byP!, [1, -1, -1])
    })
  })

  test('gradients are those of finite differences', () => {
    tf.tidy(() => {
      const check = (f: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor, a: tf.Tensor, b: tf.Tensor): void => {
        const [da, db] = tf.grads((x: tf.Tensor, y: tf.Tensor) => tf.sum(f(x, y)))([a, b])
        expectTensorsClose(
          da!,
          tf.tensor(
            finiteDifference((x) => f(x, b), a),
            a.shape,
          ),
          { relative: 3e-3, absolute: 1e-3 },
        )
        expectTensorsClose(
          db!,
          tf.tensor(
            finiteDifference((y) => f(a, y), b),
            b.shape,
          ),
          { relative: 3e-3, absolute: 1e-3 },
        )
      }
      const [a, b] = [tf.tensor1d([0.3, -2]), tf.tensor1d([-0.4, 1])]
      check((x, y) => closedKl(new Bernoulli({ logits: x }), new Bernoulli({ logits: y })), a, b)
      check((x, y) => closedKl(new Categorical({ logits: x }), new Categorical({ logits: y })), a, b)
      check((x, y) => closedKl(new Poisson({ rate: tf.exp(x) }), new Poisson({ rate: tf.exp(y) })), a, b)
      check((x, y) => closedKl(new Bernoulli({ logits: x }), new Poisson({ rate: tf.exp(y) })), a, b)
      check((x, y) => closedKl(new Categorical({ logits: x }), new Poisson({ rate: tf.exp(y) })), a, b)
      const three = (logits: tf.Tensor): Categorical => new Categorical({ logits: tf.concat([logits, tf.zeros([1])]) })
      check((x, y) => closedKl(new Bernoulli({ logits: x }), three(y)), a, b)
      check((x, y) => closedKl(new Categorical({ logits: x }), new Bernoulli({ logits: y })), a, b)
    })
  })
})

// At scales of 1e-6 and 1e6 entropy and cross entropy are 14 nats each, and their rounding alone 1e-6.
test.each<[string, (mu: tf.Tensor, scale: tf.Tensor) => readonly [Distribution, Distribution]]>([
  ['studentT || normal', (mu, scale) => [new StudentT({ df: 1e6, mu, scale }), new Normal({ mu, sigma: scale })]],
  ['cauchy || studentT', (mu, scale) => [new Cauchy({ mu, scale }), new StudentT({ df: 1, mu, scale })]],
  [
    'logNormal || normal',
    (mu, scale) => {
      const q = new LogNormal({ mu: tf.log(scale), sigma: tf.fill(scale.shape, 1e-3) })
      return [q, new Normal({ mu: tf.add(q.mean(), tf.mul(mu, 0)), sigma: tf.sqrt(q.variance()) })]
    },
  ],
])('KL(%s) of all but equal distributions is not below -1e-6 at any scale', (_, make) => {
  tf.tidy(() => {
    for (const size of [1e-6, 1e-3, 1, 1e3, 1e6]) {
      const scale = tf.mul(tf.linspace(0.5, 2, 200), size)
      for (const steps of [0, 1, 1000]) {
        const lowest = tf.min(closedKl(...make(tf.mul(scale, steps), scale))).dataSync()[0]!
        expect(lowest, `scale ${size}, ${steps} scales from 0`).toBeGreaterThan(-1e-6)
      }
    }
  })
})

test('a StudentT without a mean is infinitely far from a Laplace, with a gradient that is no NaN', () => {
  tf.tidy(() => {
    const divergence = (df: tf.Tensor): tf.Tensor =>
      closedKl(new StudentT({ df, mu: 0, scale: 1 }), new Laplace({ mu: 2, scale: 1 }))
    expectTensorsClose(divergence(tf.tensor1d([0.5, 1])), [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY])
    const slopes = tf
      .grad((df: tf.Tensor) => tf.sum(divergence(df)))(tf.tensor1d([0.5, 1]))
      .dataSync()
    expect(slopes.some(Number.isNaN)).toBe(false)
    // For df = 2, whose distribution function is algebraic, E|t - a| = sqrt(2 + a^2).
    const entropy = new StudentT({ df: 2, mu: 0, scale: 1 }).entropy().dataSync()[0]!
    expectTensorsClose(divergence(tf.tensor1d([2])), [Math.LN2 + Math.sqrt(6) - entropy], { relative: 1e-6 })
  })
})

describe('supports', () => {
  const infinite = [...closedKlPairs()]
    .filter(([, kind]) => kind === 'infinite')
    .map(([pair]) => pair.split(' || ') as [string, string])
  const one: Readonly<Record<string, () => Distribution>> = {
    ...Object.fromEntries(
      Object.keys(parameters).map((family) => [
        family,
        () => make(family, fc.sample(parameters[family]!(false), { seed: 1, numRuns: 1 })[0]!),
      ]),
    ),
    normalScaleMixture: () =>
      deserializeDistribution({ family: 'normalScaleMixture', parameters: { mu: 0, weights: [0.5, 0.5], sigmas: [1, 2] } }),
    poisson: () => new Poisson({ rate: 1 }),
    bernoulli: () => new Bernoulli({ logits: 0 }),
    categorical: () => new Categorical({ logits: tf.zeros([2]) }),
  }

  test.each(infinite)('KL(%s || %s) is infinite', async (q, p) => {
    await expectNoLeak(() =>
      tf.tidy(() => {
        expect(value(one[q]!(), one[p]!())).toBe(Number.POSITIVE_INFINITY)
      }),
    )
  })

  test('a uniform q is inside p or the divergence is infinite', () => {
    const unit = make('uniform', { low: 0, high: 1 })
    expect(value(unit, make('uniform', { low: 0, high: 4 }))).toBeCloseTo(Math.log(4), 6)
    expect(value(unit, make('uniform', { low: 0.25, high: 4 }))).toBe(Number.POSITIVE_INFINITY)
    expect(value(make('uniform', { low: -1, high: 1 }), make('halfNormal', { sigma: 1 }))).toBe(Number.POSITIVE_INFINITY)
    expect(value(make('uniform', { low: -1, high: 1 }), make('halfCauchy', { scale: 1 }))).toBe(Number.POSITIVE_INFINITY)
    expect(value(make('uniform', { low: -1, high: 1 }), make('logNormal', { mu: 0, sigma: 1 }))).toBe(Number.POSITIVE_INFINITY)
    expect(value(unit, make('logNormal', { mu: 0, sigma: 1 }))).toBeCloseTo(
      kl64('uniform', { low: 0, high: 1 }, 'logNormal', { mu: 0, sigma: 1 }),
      5,
    )
  })
})

describe('the registry', () => {
  class Flat extends Distribution {
    readonly family = 'flat'
    readonly noiseKind = 'uniform'
    readonly batchShape: readonly number[] = []
    readonly parameters = {}
    logProb = tf.zerosLike
    sample = tf.clone
    mean = (): tf.Tensor => tf.scalar(0)
    variance = (): tf.Tensor => tf.scalar(1)
    entropy = (): tf.Tensor => tf.scalar(0)
  }
  const normal = new Normal({ mu: 1, sigma: 1 })
  const flat: Distribution = new Flat()

  test('names what is missing and the other roads', () => {
    expect(hasClosedKl(normal, normal)).toBe(true)
    expect(hasClosedKl(normal, flat)).toBe(false)
    expect(() => closedKl(normal, flat)).toThrow(NoClosedFormError)
    expect(() => closedKl(normal, flat)).toThrow(/KL\(normal \|\| flat\) has no closed form.*quadrature.*upperBound.*monteCarlo/)
  })

  test('takes the user’s own pairs', () => {
    registerClosedKl('flat', 'normal', (_q: Flat, p: Normal) => tf.mul(p.mu, 2))
    tf.tidy(() => expectTensorsClose(closedKl(flat, normal), tf.scalar(2)))
    expect(hasClosedKl(flat, normal)).toBe(true)
  })

  test('independent distributions add up over their event', async () => {
    await expectNoLeak(() =>
      tf.tidy(() => {
        const q = new Normal({
          mu: tf.tensor2d([
            [0, 1, 2],
            [3, 4, 5],
          ]),
          sigma: 1,
        })
        const p = new Laplace({ mu: tf.zeros([3]), scale: 2 })
        expectTensorsClose(closedKl(independent(q), independent(p)), tf.sum(closedKl(q, p), 1))
        expect(hasClosedKl(independent(q), independent(new Poisson({ rate: tf.ones([3]) })))).toBe(false)
        expect(() => closedKl(independent(q), independent(new Normal({ mu: tf.zeros([2]), sigma: 1 })))).toThrow(
          ShapeMismatchError,
        )
        expect(() => closedKl(independent(q), independent(new Normal({ mu: tf.zeros([4]), sigma: 1 })))).toThrow(
          /events have shapes \[3\] and \[4\]/,
        )
      }),
    )
  })

  test('results have the broadcast shape of both batches', () => {
    tf.tidy(() => {
      const q = new Normal({ mu: tf.zeros([2, 1]), sigma: 1 })
      expect(closedKl(q, new Laplace({ mu: 0, scale: tf.ones([3]) })).shape).toEqual([2, 3])
      expect(closedKl(q, make('uniform', { low: 0, high: 1 })).shape).toEqual([2, 1])
      expect(() => closedKl(new Normal({ mu: tf.zeros([2]), sigma: 1 }), new Laplace({ mu: 0, scale: tf.ones([3]) }))).toThrow(
        ShapeMismatchError,
      )
    })
  })
})
