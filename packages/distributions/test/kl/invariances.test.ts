import * as tf from '@tensorflow/tfjs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  Bernoulli,
  Categorical,
  closedKl,
  closedKlPairs,
  type Distribution,
  deserializeDistribution,
  independent,
  klUpperBound,
  MultivariateNormal,
  Normal,
  NormalScaleMixture,
  quadratureKl,
} from '../../src/index.ts'

// A divergence does not depend on how the line is labelled. Moves by multiples of 2^-10 and stretches by powers of 2, to scales of 1e-6 and 1e6, are exact in
// float32: what changes the value is an error.

type Numbers = Readonly<Record<string, number>>

const location = fc.integer({ min: -3000, max: 3000 }).map((k) => k / 1024)
const scale = fc.integer({ min: 64, max: 6000 }).map((k) => k / 1024)

/** Families of the whole line and of the half-line by their location and scale parameters. */
const locationScale: Readonly<Record<string, fc.Arbitrary<Numbers>>> = {
  normal: fc.record({ mu: location, sigma: scale }),
  laplace: fc.record({ mu: location, scale }),
  logistic: fc.record({ mu: location, scale }),
  cauchy: fc.record({ mu: location, scale }),
  studentT: fc.record({ df: fc.constantFrom(4, 7, 33), mu: location, scale }),
  uniform: fc.tuple(location, scale).map(([low, width]) => ({ low, high: low + width })),
}
const scaleOnly: Readonly<Record<string, fc.Arbitrary<Numbers>>> = {
  halfNormal: fc.record({ sigma: scale }),
  halfCauchy: fc.record({ scale }),
}

const LOCATIONS = ['mu', 'low', 'high']
const map = (numbers: Numbers, f: (name: string, value: number) => number): Numbers =>
  Object.fromEntries(Object.entries(numbers).map(([name, each]) => [name, f(name, each)]))
const shifted = (by: number) => (numbers: Numbers) => map(numbers, (name, x) => (LOCATIONS.includes(name) ? x + by : x))
const stretched = (by: number) => (numbers: Numbers) => map(numbers, (name, x) => (name === 'df' ? x : x * by))
const reflected = ({ low, high, ...rest }: Numbers): Numbers =>
  low == null ? map(rest, (name, x) => (name === 'mu' ? -x : x)) : { low: -high!, high: -low }

const make = (family: string, numbers: Numbers): Distribution => deserializeDistribution({ family, parameters: numbers })
const number = (divergence: () => tf.Tensor): number => tf.tidy(() => divergence().dataSync()[0]!)

function expectSame(got: number, expected: number, what: string, tolerance = 1e-6): void {
  if (got === expected) return
  expect(Math.abs(got - expected), `${what}: ${got} instead of ${expected}`).toBeLessThan(tolerance * (1 + Math.abs(expected)))
}

type Change = readonly [name: string, change: (numbers: Numbers) => Numbers]
const stretches: readonly Change[] = [
  ['scales of 1e-6', stretched(2 ** -20)],
  ['scales of 1e6', stretched(2 ** 20)],
]
const changes: readonly Change[] = [...stretches, ['a shift', shifted(-2.5)], ['a reflection', reflected]]

const formulas = [...closedKlPairs()]
  .filter(([, kind]) => kind === 'formula')
  .map(([pair]) => pair.split(' || ') as [string, string])
const among = (families: Readonly<Record<string, unknown>>): [string, string][] =>
  formulas.filter(([q, p]) => q in families && p in families)

test.each(among(locationScale))('KL(%s || %s) is that of the moved, stretched and reflected line', (q, p) => {
  fc.assert(
    fc.property(locationScale[q]!, locationScale[p]!, (qNumbers, pNumbers) => {
      const expected = number(() => closedKl(make(q, qNumbers), make(p, pNumbers)))
      for (const [name, change] of changes) {
        expectSame(
          number(() => closedKl(make(q, change(qNumbers)), make(p, change(pNumbers)))),
          expected,
          name,
          4e-6,
        )
      }
    }),
    { numRuns: 20 },
  )
})

test.each(among(scaleOnly))('KL(%s || %s) is that of the stretched half-line', (q, p) => {
  fc.assert(
    fc.property(scaleOnly[q]!, scaleOnly[p]!, (qNumbers, pNumbers) => {
      const expected = number(() => closedKl(make(q, qNumbers), make(p, pNumbers)))
      for (const [name, change] of stretches) {
        expectSame(
          number(() => closedKl(make(q, change(qNumbers)), make(p, change(pNumbers)))),
          expected,
          name,
        )
      }
    }),
    { numRuns: 20 },
  )
})

test('KL(logNormal || logNormal) is that of the logarithms, wherever those are', () => {
  fc.assert(
    fc.property(locationScale['normal']!, locationScale['normal']!, (q, p) => {
      const expected = number(() => closedKl(make('normal', q), make('normal', p)))
      for (const by of [-8, 0, 8]) {
        const [movedQ, movedP] = [shifted(by)(q), shifted(by)(p)]
        expectSame(
          number(() => closedKl(make('logNormal', movedQ), make('logNormal', movedP))),
          expected,
          `logarithms moved by ${by}`,
        )
      }
    }),
    { numRuns: 20 },
  )
})

test.each(['laplace', 'logistic', 'cauchy', 'studentT'])('KL(normal || %s) by quadrature likewise', (p) => {
  fc.assert(
    fc.property(locationScale['normal']!, locationScale[p]!, (qNumbers, pNumbers) => {
      const divergence = (change: (numbers: Numbers) => Numbers): number =>
        number(() => quadratureKl(make('normal', change(qNumbers)) as Normal, make(p, change(pNumbers))))
      const expected = divergence((numbers) => numbers)
      for (const [name, change] of changes) expectSame(divergence(change), expected, name, 1e-5)
    }),
    { numRuns: 10 },
  )
})

test('to a mixture: by quadrature and by the bound, in any order of the components', () => {
  fc.assert(
    fc.property(locationScale['normal']!, location, scale, scale, (q, mu, wide, narrow) => {
      const weights = [0.25, 0.75]
      const p = { mu, wide, narrow: narrow / 64 }
      for (const road of [quadratureKl, klUpperBound]) {
        const divergence = (change: (numbers: Numbers) => Numbers, swap = false): number => {
          const { mu, wide, narrow } = change(p) as typeof p
          const sigmas = [wide, narrow]
          const order = <T>(list: T[]): T[] => (swap ? list.toReversed() : list)
          const mixture = new NormalScaleMixture({ mu, weights: order(weights), sigmas: order(sigmas) })
          return number(() => road(make('normal', change(q)) as Normal, mixture))
        }
        const expected = divergence((numbers) => numbers)
        for (const [name, change] of changes) expectSame(divergence(change), expected, `${road.name}, ${name}`, 1e-5)
        expectSame(
          divergence((numbers) => numbers, true),
          expected,
          `${road.name}, components swapped`,
          1e-5,
        )
      }
    }),
    { numRuns: 10 },
  )
})

test('labels may be renumbered, and the sides of a coin named the other way', () => {
  const logits = fc.array(location, { minLength: 5, maxLength: 5 })
  fc.assert(
    fc.property(logits, logits, fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5 }), (a, b, order) => {
      const divergence = (pick: (list: number[]) => number[]): number =>
        number(() =>
          closedKl(new Categorical({ logits: tf.tensor1d(pick(a)) }), new Categorical({ logits: tf.tensor1d(pick(b)) })),
        )
      const expected = divergence((list) => list)
      expectSame(
        divergence((list) => order.map((k) => list[k]!)),
        expected,
        `order ${order}`,
      )
      expectSame(
        divergence((list) => list.map((each) => each + 64)),
        expected,
        'logits moved by 64',
        1e-5,
      )
      const coin = (sign: number): number =>
        number(() => closedKl(new Bernoulli({ logits: sign * a[0]! }), new Bernoulli({ logits: sign * b[0]! })))
      expectSame(coin(-1), coin(1), 'sides of the coin')
    }),
    { numRuns: 30 },
  )
})

test('the axes of a multivariate normal may be renumbered, moved and stretched, in every structure that has no order of its own', () => {
  tf.tidy(() => {
    const [n, order] = [4, [2, 0, 3, 1]]
    const matrix = (seed: number): tf.Tensor2D => {
      const root = tf.randomUniform([n, n], -1, 1, 'float32', seed) as tf.Tensor2D
      return tf.add(tf.matMul(root, root, false, true), tf.eye(n)) as tf.Tensor2D
    }
    const permuted = (x: tf.Tensor): tf.Tensor => x.shape.reduce((each, _, axis) => tf.gather(each, order, axis), x)
    const vector = (seed: number, from: number): tf.Tensor1D => tf.randomUniform([n], from, 2, 'float32', seed) as tf.Tensor1D
    for (const structure of ['covariance', 'precision', 'sigma'] as const) {
      const value = (seed: number): tf.Tensor => (structure === 'sigma' ? vector(seed, 0.5) : matrix(seed))
      const power = { covariance: 2, precision: -2, sigma: 1 }[structure]
      const at = (seed: number, by: (x: tf.Tensor) => tf.Tensor, stretch = 1, shift = 0): MultivariateNormal =>
        new MultivariateNormal({
          mu: tf.add(tf.mul(by(vector(seed, -2)), stretch), shift),
          [structure]: tf.mul(by(value(seed + 10)), stretch ** power),
        } as unknown as ConstructorParameters<typeof MultivariateNormal>[0])
      const expected = closedKl(at(1, tf.clone), at(2, tf.clone)).dataSync()[0]!
      const [order, small, moved] = [
        closedKl(at(1, permuted), at(2, permuted)),
        closedKl(at(1, tf.clone, 2 ** -10), at(2, tf.clone, 2 ** -10)),
        closedKl(at(1, tf.clone, 1, 1), at(2, tf.clone, 1, 1)),
      ].map((each) => each.dataSync()[0]!)
      expectSame(order!, expected, `${structure}: axes renumbered`, 1e-5)
      expectSame(small!, expected, `${structure}: scales of 1e-3`, 1e-5)
      expectSame(moved!, expected, `${structure}: moved`, 1e-5)
    }
    const q = independent(new Normal({ mu: tf.tensor1d([0.5, -1, 2]), sigma: 1 }))
    const p = independent(new Normal({ mu: tf.tensor1d([0, 1, 1.5]), sigma: 2 }))
    const back = (x: number[]): tf.Tensor1D => tf.tensor1d(x.toReversed())
    const reversed = closedKl(
      independent(new Normal({ mu: back([0.5, -1, 2]), sigma: 1 })),
      independent(new Normal({ mu: back([0, 1, 1.5]), sigma: 2 })),
    )
    expectSame(reversed.dataSync()[0]!, closedKl(q, p).dataSync()[0]!, 'members renumbered')
  })
})
