import * as tf from '@tensorflow/tfjs'
import { expectTensorsClose } from '@tfjs-bayes/testing'
import { expect, test } from 'vitest'
import { Bernoulli, Categorical, HalfCauchy, HalfNormal } from '../../src/index.ts'
import { continuous, parametersOf } from './examples.ts'

const infinity = Number.POSITIVE_INFINITY
const cases = continuous.map((example) => [example.name, example] as const)

test.each(cases)(
  '%s: log-density and distribution functions at both infinities are their limits, and NaN stays NaN',
  (_, example) => {
    tf.tidy(() => {
      const d = example.make(...parametersOf(example))
      const at = (x: number): tf.Tensor => tf.tensor1d([x, x])
      const both = (x: number): number[] => [x, x]
      for (const x of [-infinity, infinity]) expectTensorsClose(d.logProb(at(x)), both(-infinity))
      expectTensorsClose(d.cdf(at(-infinity)), both(0))
      expectTensorsClose(d.cdf(at(infinity)), both(1))
      expectTensorsClose(d.logCdf(at(-infinity)), both(-infinity))
      expectTensorsClose(d.logCdf(at(infinity)), both(0))
      expectTensorsClose(d.logSurvival(at(-infinity)), both(0))
      expectTensorsClose(d.logSurvival(at(infinity)), both(-infinity))
      for (const method of ['logProb', 'cdf', 'logCdf', 'logSurvival', 'quantile'] as const) {
        expect(d[method](at(Number.NaN)).dataSync().every(Number.isNaN), method).toBe(true)
      }
      for (const p of [-0.1, 1.1]) expect(d.quantile(at(p)).dataSync().every(Number.isNaN), `quantile(${p})`).toBe(true)
    })
  },
)

test('at the end of a half-line no gradient is NaN', () => {
  tf.tidy(() => {
    for (const make of [
      (scale: tf.Tensor) => new HalfNormal({ sigma: scale }),
      (scale: tf.Tensor) => new HalfCauchy({ scale }),
    ]) {
      for (const method of ['logProb', 'cdf', 'logCdf', 'logSurvival'] as const) {
        const byScale = tf
          .grad((scale: tf.Tensor) => make(scale)[method](tf.scalar(0)))(tf.scalar(2))
          .dataSync()[0]!
        // log p(0) has log(scale); F(0) is 0 for any scale.
        expect(byScale, method).toBeCloseTo(method === 'logProb' ? -0.5 : 0, 6)
      }
    }
  })
})

test('a Bernoulli of probabilities 0 and 1 has the gradients of p and 1 - p, and none where it excludes x', () => {
  tf.tidy(() => {
    const p = tf.tensor1d([0, 1, 0, 1, 1e-30])
    const x = tf.tensor1d([0, 1, 1, 0, 1])
    const logProb = (at: tf.Tensor): tf.Tensor => new Bernoulli({ probabilities: at }).logProb(x)
    expectTensorsClose(logProb(p), [0, 0, -infinity, -infinity, Math.log(1e-30)])
    expectTensorsClose(tf.grad((at: tf.Tensor) => tf.sum(logProb(at)))(p), [-1, 1, 0, 0, 1e30])
    const ends = tf.tensor1d([0, 1])
    const by = (f: (d: Bernoulli) => tf.Tensor): tf.Tensor =>
      tf.grad((at: tf.Tensor) => tf.sum(f(new Bernoulli({ probabilities: at }))))(ends)
    expectTensorsClose(
      by((d) => d.mean()),
      [1, 1],
    )
    expectTensorsClose(
      by((d) => d.variance()),
      [1, -1],
    )
    expectTensorsClose(
      by((d) => d.cdf(tf.scalar(0))),
      [-1, -1],
    )
    expect(
      by((d) => d.entropy())
        .dataSync()
        .every(Number.isFinite),
    ).toBe(true)
    expectTensorsClose(new Bernoulli({ probabilities: ends }).entropy(), [0, 0])
  })
})

test('a Categorical with probabilities of 0 has the gradients of the normalized logarithm, and none where it excludes the label', () => {
  tf.tidy(() => {
    const logProb = (label: number) => (at: tf.Tensor) =>
      new Categorical({ probabilities: at }).logProb(tf.scalar(label, 'int32'))
    const row = tf.tensor1d([0, 0.25, 0.75])
    expectTensorsClose(logProb(1)(row), tf.scalar(Math.log(0.25)))
    expectTensorsClose(tf.grad(logProb(1))(row), [-1, 3, -1])
    expectTensorsClose(logProb(0)(row), tf.scalar(-infinity))
    expect(tf.grad(logProb(0))(row).dataSync().some(Number.isNaN)).toBe(false)
    const entropy = tf.grad((at: tf.Tensor) => new Categorical({ probabilities: at }).entropy())(row)
    expect(entropy.dataSync().every(Number.isFinite)).toBe(true)
  })
})
