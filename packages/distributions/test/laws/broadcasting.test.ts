import * as tf from '@tensorflow/tfjs'
import { expectNoLeak, expectTensorsClose } from '@tfjs-bayes/testing'
import { expect, test } from 'vitest'
import {
  closedKl,
  closedKlPairs,
  type Distribution,
  deserializeDistribution,
  estimateKl,
  klUpperBound,
  Normal,
  NormalScaleMixture,
  quadratureKl,
  type SerializedParameter,
} from '../../src/index.ts'
import { type Example, examples, parametersOf } from './examples.ts'
import { attempt, elementwise, summaries } from './quantities.ts'

/** Every quantity of a distribution at points and probabilities. */
function quantities(d: Distribution, x: tf.Tensor, p: tf.Tensor): Map<string, tf.Tensor> {
  const results = [
    ...elementwise.map((method) => [method, attempt(() => d[method](method === 'quantile' ? p : x))] as const),
    ...summaries.map((method) => [method, attempt(() => d[method]())] as const),
  ]
  return new Map(results.filter((each): each is [(typeof each)[0], tf.Tensor] => each[1] !== undefined))
}

const cases = examples.map((example) => [example.name, example] as const)
const pointsOf = (example: Example): tf.Tensor =>
  example.name.startsWith('categorical') ? tf.tensor1d([...example.inside[0]!], 'int32') : tf.tensor1d([...example.inside[0]!])

test.each(cases)('%s: parameters of different shapes make the grid of their values', async (_, example) => {
  await expectNoLeak(() =>
    tf.tidy(() => {
      const parameters = parametersOf(example)
      const rank = parameters.length
      // The i-th parameter along the i-th axis: [2, 1, 1], [1, 2, 1], [1, 1, 2] for three.
      const spread = parameters.map((each, i) =>
        tf.reshape(
          each,
          Array.from({ length: rank }, (_, axis) => (axis === i ? 2 : 1)),
        ),
      )
      const shape = Array.from({ length: rank }, () => 2)
      const grid = example.make(...spread)
      expect(grid.batchShape).toEqual(shape)
      const full = example.make(...spread.map((each) => tf.broadcastTo(each, shape)))
      const [point, p] = [pointsOf(example).slice(0, 1).reshape([]), tf.scalar(0.3)]
      for (const x of [point, tf.broadcastTo(point, [3, ...shape])]) {
        const expected = quantities(full, x, p)
        for (const [method, result] of quantities(grid, x, p)) {
          const leading = x.rank > 0 && ['logProb', 'cdf', 'logCdf', 'logSurvival'].includes(method) ? [3] : []
          expect(result.shape, method).toEqual([...leading, ...shape])
          expectTensorsClose(result, expected.get(method)!, { absolute: 0, relative: 2e-6 })
        }
      }
      const noise = tf.fill(grid.noiseShape([5]), 0.3)
      expect(grid.sample(noise).shape).toEqual([5, ...shape])
      expectTensorsClose(grid.sample(noise), full.sample(noise), { relative: 2e-6 })
      // The gradient of a parameter collects that of all its copies.
      const gradients = tf.grads((...at: tf.Tensor[]) => tf.sum(example.make(...at).logProb(point)))(spread)
      const copies = tf.grads((...at: tf.Tensor[]) => tf.sum(example.make(...at).logProb(point)))(
        spread.map((each) => tf.broadcastTo(each, shape)),
      )
      gradients.forEach((gradient, i) => {
        const axes = shape.map((_, axis) => axis).filter((axis) => axis !== i)
        expectTensorsClose(gradient, tf.sum(copies[i]!, axes, true), { relative: 1e-5, absolute: 1e-5 })
      })
    }),
  )
})

const numbers: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  normal: { mu: 0.5, sigma: 0.7 },
  laplace: { mu: 0.5, scale: 0.7 },
  logistic: { mu: 0.5, scale: 0.7 },
  cauchy: { mu: 0.5, scale: 0.7 },
  studentT: { df: 5, mu: 0.5, scale: 0.7 },
  uniform: { low: 0.5, high: 2 },
  logNormal: { mu: 0.5, sigma: 0.7 },
  halfNormal: { sigma: 0.7 },
  halfCauchy: { scale: 0.7 },
  poisson: { rate: 3 },
  bernoulli: { logits: 0.4 },
}

/** A distribution some of whose parameters are numbers and some tensors of two, by the bits of a mask; and all such masks. */
function mixed(family: string, mask: number): Distribution {
  const parameters = Object.entries(numbers[family]!).map(([name, value], i): [string, SerializedParameter] => [
    name,
    (mask >> i) & 1 ? { shape: [2], values: [value, value] } : value,
  ])
  return deserializeDistribution({ family, parameters: Object.fromEntries(parameters) })
}
const masksOf = (family: string): number[] => Array.from({ length: 2 ** Object.keys(numbers[family]!).length }, (_, i) => i)

function expectSameValue(got: tf.Tensor, expected: tf.Tensor, what: string): void {
  const [a, b] = [got.dataSync()[0]!, expected.dataSync()[0]!]
  if (a !== b) expect(Math.abs(a - b), `${what}: ${a} instead of ${b}`).toBeLessThan(2e-6 * Math.max(1, Math.abs(b)))
}

test.each(Object.keys(numbers))('%s: whichever parameters are numbers, the values are the same', async (family) => {
  await expectNoLeak(() =>
    tf.tidy(() => {
      const [x, p] = [tf.scalar(1), tf.scalar(0.3)]
      const expected = quantities(mixed(family, -1), x, p)
      for (const mask of masksOf(family)) {
        const results = quantities(mixed(family, mask), x, p)
        expect([...results.keys()]).toEqual([...expected.keys()])
        for (const [method, result] of results) {
          expect(result.shape, `${method}, mask ${mask}`).toEqual(mask === 0 ? [] : [2])
          expectSameValue(result, expected.get(method)!, `${method}, mask ${mask}`)
        }
      }
    }),
  )
})

const pairs = [...closedKlPairs().keys()]
  .map((pair) => pair.split(' || ') as [string, string])
  .filter(([q, p]) => q in numbers && p in numbers)

test.each(pairs)('KL(%s || %s): whichever parameters are numbers, the value is the same', async (q, p) => {
  await expectNoLeak(() =>
    tf.tidy(() => {
      const expected = closedKl(mixed(q, -1), mixed(p, -1))
      for (const [a, b] of masksOf(q).flatMap((a) => masksOf(p).map((b) => [a, b] as const))) {
        const got = closedKl(mixed(q, a), mixed(p, b))
        expect(got.shape).toEqual(a === 0 && b === 0 ? [] : [2])
        expectSameValue(got, expected, `masks ${a}, ${b}`)
      }
    }),
  )
})

test('a mixture with components of different shapes: every road', () => {
  tf.tidy(() => {
    const p = new NormalScaleMixture({
      weights: [0.75, 0.25],
      sigmas: [tf.tensor1d([0.1, 0.3, 1]), tf.tensor2d([[0.01], [0.002]])],
    })
    const q = new Normal({ mu: 0.02, sigma: 0.05 })
    const member = (i: number, j: number): NormalScaleMixture =>
      new NormalScaleMixture({ weights: [0.75, 0.25], sigmas: [[0.1, 0.3, 1][j]!, [0.01, 0.002][i]!] })
    const table = (value: (member: NormalScaleMixture) => tf.Tensor): tf.Tensor =>
      tf.stack([0, 1].map((i) => tf.stack([0, 1, 2].map((j) => value(member(i, j))))))
    const samples = tf.tensor3d([[[0.01]], [[0.03]]])
    for (const road of [(each: NormalScaleMixture) => quadratureKl(q, each), (each: NormalScaleMixture) => klUpperBound(q, each)])
      expectTensorsClose(road(p), table(road), { relative: 1e-5 })
    const { value } = estimateKl(q, p, samples)
    expectTensorsClose(
      value,
      table((each) => estimateKl(q, each, tf.tensor1d([0.01, 0.03])).value),
      { relative: 1e-5 },
    )
  })
})

test.each(cases)('%s: an empty batch is an empty result', (_, example) => {
  tf.tidy(() => {
    const d = example.make(...Object.keys(example.parameters).map(() => tf.zeros([0])))
    const x = tf.zeros([0], example.name.startsWith('categorical') ? 'int32' : 'float32')
    for (const [method, result] of quantities(d, x, tf.zeros([0]))) expect(result.shape, method).toEqual([0])
    expect(d.sample(tf.zeros(d.noiseShape([3]))).shape).toEqual([3, 0])
  })
})
