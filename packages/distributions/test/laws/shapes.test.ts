import * as tf from '@tensorflow/tfjs'
import { expectNoLeak, expectTensorsClose } from '@tfjs-bayes/testing'
import { expect, test } from 'vitest'
import { type Distribution, ShapeMismatchError } from '../../src/index.ts'
import { type Example, examples, joint, parametersOf } from './examples.ts'
import { attempt, elementwise, summaries } from './quantities.ts'

const pointsOf = (example: Example): tf.Tensor => tf.tensor2d(example.inside.map((pair) => [...pair]))

test.each(examples.map((example) => [example.name, example] as const))(
  '%s: every result has the broadcast shape, and only the result is left',
  async (_, example) => {
    const parameters = parametersOf(example)
    const d = example.make(...parameters)
    const x = pointsOf(example)
    const p = tf.tensor2d([
      [0.1, 0.2],
      [0.5, 0.9],
    ])
    const noise = tf.fill(d.noiseShape([3]), 0.3)
    await expectNoLeak(() => {
      for (const method of elementwise) {
        const at = method === 'quantile' ? p : x
        const result = attempt(() => d[method](at))
        if (result) expect(result.shape).toEqual(at.shape)
        if (result) expect(result.dataSync().some(Number.isNaN)).toBe(false)
        result?.dispose()
      }
      for (const method of summaries) {
        const result = attempt(() => d[method]())
        if (result) expect(result.shape).toEqual([2])
        result?.dispose()
      }
      const draws = d.sample(noise)
      expect(draws.shape).toEqual([3, 2])
      draws.dispose()
    })
    tf.dispose([parameters, x, p, noise])
  },
)

test.each(examples.map((example) => [example.name, example] as const))(
  '%s: x that does not broadcast is a named error',
  (_, example) => {
    tf.tidy(() => {
      expect(() => example.make(...parametersOf(example)).logProb(tf.zeros([3]))).toThrow(ShapeMismatchError)
      expect(() => example.make(...parametersOf(example)).logProb(tf.zeros([3]))).toThrow(/\[3\].*\[2\]/)
    })
  },
)

test.each(examples.map((example) => [example.name, example] as const))(
  '%s: taken together, log-densities and entropies add up',
  (_, example) => {
    tf.tidy(() => {
      const single = example.make(...parametersOf(example))
      const both: Distribution = joint(example)
      expect(both.batchShape).toEqual([])
      expect(both.eventShape).toEqual([2])
      expect(both.noiseShape([5])).toEqual(single.noiseShape([5]))
      const x = pointsOf(example)
      expectTensorsClose(both.logProb(x), tf.sum(single.logProb(x), -1))
      const entropy = attempt(() => single.entropy())
      if (entropy) expectTensorsClose(both.entropy(), tf.sum(entropy))
      const noise = tf.fill(single.noiseShape([3]), 0.3)
      expectTensorsClose(both.sample(noise), single.sample(noise))
      const mean = attempt(() => single.mean())
      if (mean) expectTensorsClose(both.mean(), mean)
    })
  },
)

test.each(examples.map((example) => [example.name, example] as const))(
  '%s: rebuilt from its parameters it is the same',
  (_, example) => {
    tf.tidy(() => {
      const d = example.make(...parametersOf(example))
      const x = pointsOf(example)
      expectTensorsClose(d.withParameters(d.parameters).logProb(x), d.logProb(x), { absolute: 0, relative: 0 })
      expect(d.validate()).toBe(d)
    })
  },
)
