import * as tf from '@tensorflow/tfjs'
import { expectNoLeak } from '@tfjs-bayes/testing'
import { describe, expect, test } from 'vitest'
import { InvalidOptionError } from '../errors.ts'
import { adam, adamW } from './adam.ts'
import { clippedGradients } from './clippedGradients.ts'
import type { Optimizer } from './optimizer.ts'
import { sgd } from './sgd.ts'

const SHAPES = [[3, 4], [4], []]
const start = (): tf.Variable[] =>
  SHAPES.map((shape, i) => tf.tidy(() => tf.variable(tf.randomNormal(shape, 0, 1, 'float32', i + 1))))
/** The gradients of step t: not those of any function, but the same for whoever asks. */
const gradients = (t: number): tf.Tensor[] => SHAPES.map((shape, i) => tf.randomNormal(shape, 0, 1, 'float32', 100 * (t + 1) + i))
const values = (variables: readonly tf.Variable[]): number[] => variables.flatMap((variable) => [...variable.dataSync()])

function run(optimizer: Optimizer, steps: number, rate = 0.05): number[] {
  const variables = start()
  const started = optimizer.start(variables)
  for (let t = 0; t < steps; t++) tf.tidy(() => started.apply(gradients(t), tf.scalar(rate)))
  const result = values(variables)
  started.dispose()
  tf.dispose(variables)
  return result
}

test.each([
  // tfjs takes 1 - beta from float64 and 1 - beta^t from float32, which differ by 5e-5 of them at beta2 = 0.999; ours takes both from float32.
  ['adam', adam(), () => tf.train.adam(0.05), 1e-5],
  ['adam, settings of its own', adam({ beta1: 0.5, beta2: 0.9, epsilon: 1e-3 }), () => tf.train.adam(0.05, 0.5, 0.9, 1e-3), 1e-6],
  ['sgd', sgd(), () => tf.train.sgd(0.05), 0],
  ['momentum', sgd({ momentum: 0.9 }), () => tf.train.momentum(0.05, 0.9), 0],
  ['Nesterov', sgd({ momentum: 0.9, nesterov: true }), () => tf.train.momentum(0.05, 0.9, true), 0],
])('%s moves the weights as tfjs does', async (_, ours, theirs, tolerance) => {
  const variables = start()
  const reference = theirs()
  for (let t = 0; t < 25; t++) {
    tf.tidy(() => {
      const given = gradients(t)
      reference.applyGradients(variables.map(({ name }, i) => ({ name, tensor: given[i]! })))
    })
  }
  const expected = values(variables)
  tf.dispose(variables)
  reference.dispose()
  await expectNoLeak(() => {
    const got = run(ours, 25)
    for (const [i, value] of got.entries()) expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(tolerance)
  })
})

test('adamW is Adam and a decay that the moments do not see', () => {
  // In float64, by algorithm 2 of Loshchilov & Hutter with a multiplier of 1.
  const [rate, decay, beta1, beta2, epsilon] = [0.05, 0.1, 0.9, 0.999, 1e-7]
  const variables = start()
  const w = values(variables)
  const m = w.map(() => 0)
  const v = w.map(() => 0)
  for (let t = 0; t < 20; t++) {
    const flat = tf.tidy(() => gradients(t).flatMap((gradient) => [...gradient.dataSync()]))
    flat.forEach((g, i) => {
      m[i] = beta1 * m[i]! + (1 - beta1) * g
      v[i] = beta2 * v[i]! + (1 - beta2) * g * g
      const direction = m[i]! / (1 - beta1 ** (t + 1)) / (Math.sqrt(v[i]! / (1 - beta2 ** (t + 1))) + epsilon)
      w[i]! += -rate * direction - rate * decay * w[i]!
    })
  }
  run(adamW({ weightDecay: decay }), 20).forEach((value, i) => {
    expect(value).toBeCloseTo(w[i]!, 4)
  })
  tf.dispose(variables)
})

test('a variable that the loss does not depend on stays, and so do its moments', () => {
  for (const optimizer of [adam(), adamW(), sgd({ momentum: 0.9 })]) {
    const variables = start()
    const before = values(variables)
    const started = optimizer.start(variables)
    tf.tidy(() => started.apply([undefined, gradients(0)[1], undefined], tf.scalar(0.1)))
    const after = values(variables)
    expect(after.slice(0, 12)).toEqual(before.slice(0, 12))
    expect(after.slice(12, 16)).not.toEqual(before.slice(12, 16))
    expect(after[16]).toBe(before[16])
    started.dispose()
    tf.dispose(variables)
  }
})

test.each([adam(), adamW(), sgd({ momentum: 0.9 })])('$name goes on with the same bits from its saved state', (optimizer) => {
  const variables = start()
  const first = optimizer.start(variables)
  const step = (started: typeof first, t: number) => tf.tidy(() => started.apply(gradients(t), tf.scalar(0.05)))
  for (let t = 0; t < 7; t++) step(first, t)
  const saved = new Map([...first.state].map(([name, variable]) => [name, variable.clone()]))
  const weights = variables.map((variable) => variable.clone())
  for (let t = 7; t < 12; t++) step(first, t)
  const expected = values(variables)

  variables.forEach((variable, i) => {
    variable.assign(weights[i]!)
  })
  const second = optimizer.start(variables)
  for (const [name, variable] of second.state) variable.assign(saved.get(name)!)
  for (let t = 7; t < 12; t++) step(second, t)
  expect(values(variables)).toEqual(expected)
  first.dispose()
  second.dispose()
})

describe('clipping', () => {
  const norm = (tensors: readonly (tf.Tensor | undefined)[]): number =>
    Math.hypot(...tensors.flatMap((tensor) => (tensor ? [...tensor.dataSync()] : [])))

  test('scales all gradients by one factor where their global norm is above the bound', () => {
    tf.tidy(() => {
      const given = [...gradients(0), undefined]
      const clipped = clippedGradients(given, 0.5)
      expect(norm(clipped)).toBeCloseTo(0.5, 5)
      const ratios = clipped.flatMap((tensor, i) => (tensor ? [...tf.div(tensor, given[i]!).dataSync()] : []))
      for (const ratio of ratios) expect(ratio).toBeCloseTo(ratios[0]!, 5)
      expect(clipped[3]).toBeUndefined()
    })
  })

  test('leaves smaller ones, and zero, as they are', () => {
    tf.tidy(() => {
      const given = gradients(0)
      clippedGradients(given, 100).forEach((tensor, i) => {
        expect([...tensor!.dataSync()]).toEqual([...given[i]!.dataSync()])
      })
      expect(norm(clippedGradients([tf.zeros([2])], 1))).toBe(0)
    })
  })
})

test('refusals', () => {
  expect(() => adam({ beta1: 1 })).toThrow(/beta1 is 1/)
  expect(() => adam({ beta2: -0.1 })).toThrow(InvalidOptionError)
  expect(() => adam({ epsilon: 0 })).toThrow(/epsilon is 0/)
  expect(() => adamW({ weightDecay: Number.NaN })).toThrow(/weightDecay is NaN/)
  expect(() => sgd({ momentum: 1 })).toThrow(/momentum is 1/)
})
