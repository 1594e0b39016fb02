import * as tf from '@tensorflow/tfjs'
import { expect } from 'vitest'
import { adamUpdate } from '../../src/adam/adamUpdate.ts'
import { compile } from '../../src/compile/index.ts'
import { statelessNormal } from '../../src/random/statelessNormal.ts'
import { nativeTest as test } from './nativeTest.ts'

const STEPS = 100

/** A regression whose optimizer is TensorFlow's op on variables that live within the step. */
function regression() {
  const variable = (shape: number[], key: number) => tf.tidy(() => tf.variable(statelessNormal(shape, key, 0).mul(0.5)))
  const variables = [variable([6, 8], 1), variable([8, 1], 2)]
  const slots = () => variables.map(({ shape }) => tf.tidy(() => tf.variable(tf.zeros(shape), false)))
  const [first, second] = [slots(), slots()]
  const powers = [0.9, 0.999].map((beta) => tf.tidy(() => tf.variable(tf.scalar(beta), false)))
  const [beta1Power, beta2Power] = powers as [tf.Variable, tf.Variable]
  const step = (x: tf.Tensor, rate: tf.Tensor): tf.Scalar => {
    const loss = () => x.matMul(variables[0]!).tanh().matMul(variables[1]!).squaredDifference(x.sum(1, true)).mean() as tf.Scalar
    const { value, grads } = tf.variableGrads(loss, variables)
    variables.forEach((value, i) => {
      const moments = { firstMoment: first[i]!, secondMoment: second[i]!, beta1Power, beta2Power }
      const gradient = grads[value.name]!
      const after = adamUpdate({ value, gradient, ...moments, learningRate: rate, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 })
      value.assign(after.value)
      first[i]!.assign(after.firstMoment)
      second[i]!.assign(after.secondMoment)
    })
    beta1Power.assign(beta1Power.mul(0.9))
    beta2Power.assign(beta2Power.mul(0.999))
    return value
  }
  return { step, variables, slots: [...first, ...second], all: [...variables, ...first, ...second, ...powers] }
}

const batch = (call: number): [tf.Tensor, tf.Tensor] => [
  statelessNormal([call % 10 === 9 ? 4 : 10, 6], 4, call),
  tf.scalar(0.01 / (1 + call)),
]

const loss = (step: (x: tf.Tensor, rate: tf.Tensor) => tf.Scalar, call: number): number =>
  tf.tidy(() => step(...batch(call)).dataSync()[0]!)

test(`${STEPS} steps of two shapes end with the same bits as eager ones, whoever looks, copies or writes in between`, () => {
  const eager = regression()
  const other = regression()
  const compiled = compile(other.step, { check: 'strict', checkEvery: 30 })
  const before = tf.memory().numTensors
  const kept: [tf.Tensor, Float32Array][] = []
  for (let call = 0; call < STEPS; call++) {
    expect(loss(compiled, call)).toBe(loss(eager.step, call))
    if (call % 17 === 16) {
      // A clone shares the memory of the variable: the steps to come must not write into it.
      const clone = other.slots[call % 4]!.clone()
      kept.push([clone, Float32Array.from(clone.dataSync())])
    }
    if (call === 50) {
      for (const { slots } of [eager, other]) tf.tidy(() => slots[0]!.assign(slots[0]!.mul(0.5)))
    }
    if (call === 60) {
      // Another variable's memory: both must go their own ways.
      for (const { slots } of [eager, other]) slots[2]!.assign(slots[0]!)
    }
    if (call === 70) loss(other.step, 70)
    if (call === 70) loss(eager.step, 70)
  }
  for (const [i, variable] of other.all.entries()) expect(variable.dataSync()).toEqual(eager.all[i]!.dataSync())
  for (const [clone, values] of kept) expect(clone.dataSync()).toEqual(values)
  expect(compiled.graph.reason).toBeUndefined()
  expect(compiled.graph.stats.graphCalls).toBeGreaterThan(80)
  tf.dispose(kept.map(([clone]) => clone))
  expect(tf.memory().numTensors).toBe(before)
  compiled.dispose()
  tf.dispose([...eager.all, ...other.all])
})
