import * as tf from '@tensorflow/tfjs'
import { describe, expect } from 'vitest'
import { compile } from '../../src/compile/index.ts'
import { statelessNormal } from '../../src/random/statelessNormal.ts'
import { nativeTest as test } from './nativeTest.ts'

const STEPS = 100

const optimizers: Record<string, () => tf.Optimizer> = {
  sgd: () => tf.train.sgd(0.05),
  momentum: () => tf.train.momentum(0.02, 0.9),
  nesterov: () => tf.train.momentum(0.02, 0.9, true),
  rmsprop: () => tf.train.rmsprop(0.01, 0.9, 0.5),
  rmspropCentered: () => tf.train.rmsprop(0.001, 0.9, 0.5, 0.1, true),
  adagrad: () => tf.train.adagrad(0.1),
  adadelta: () => tf.train.adadelta(0.5),
  adam: () => tf.train.adam(0.01),
  adamax: () => tf.train.adamax(0.01, 0.9, 0.999, 1e-7, 0.01),
}

/** A small network with a training step by one of the two ways that tfjs has. */
function network(optimizer: tf.Optimizer, way: 'minimize' | 'applyGradients') {
  const variable = (shape: number[], key: number) => tf.tidy(() => tf.variable(statelessNormal(shape, key, 0).mul(0.5)))
  const variables = [variable([6, 8], 1), variable([8], 2), variable([8, 1], 3)] as const
  const [kernel, bias, output] = variables
  const step = (x: tf.Tensor, y: tf.Tensor) => {
    const loss = () => x.matMul(kernel).add(bias).tanh().matMul(output).squaredDifference(y).mean() as tf.Scalar
    if (way === 'minimize') return optimizer.minimize(loss, true, [...variables]) as tf.Scalar
    const { value, grads } = tf.variableGrads(loss, [...variables])
    optimizer.applyGradients(grads)
    return value
  }
  return { step, variables }
}

function batch(call: number): [tf.Tensor, tf.Tensor] {
  const x = statelessNormal([10, 6], 4, call % 7)
  return [x, x.sin().sum(1, true)]
}

const cases = Object.entries(optimizers).flatMap(([name, create]) => [
  { name, way: 'minimize' as const, create },
  { name, way: 'applyGradients' as const, create },
])

describe.each(cases)('$name by $way', ({ create, way }) => {
  test(`${STEPS} steps end with the same bits as eager ones`, async () => {
    const eagerOptimizer = create()
    const optimizer = create()
    const eager = network(eagerOptimizer, way)
    const other = network(optimizer, way)
    const compiled = compile(other.step, { check: 'strict', checkEvery: 40 })
    for (let call = 0; call < STEPS; call++) {
      const [expected, actual] = tf.tidy(
        () => [eager.step(...batch(call)).dataSync()[0]!, compiled(...batch(call)).dataSync()[0]!] as const,
      )
      expect(actual).toBe(expected)
    }
    expect(compiled.graph.reason).toBeUndefined()
    expect(compiled.graph.stats).toMatchObject({ eagerCalls: 1, recordedCalls: 4, graphCalls: STEPS - 5, checks: 2 })
    other.variables.forEach((variable, i) => {
      expect(variable.dataSync()).toEqual(eager.variables[i]!.dataSync())
    })
    expect(optimizer.iterations).toBe(STEPS)
    if (optimizer.getClassName() === 'Adamax') return // has no getWeights
    const [expectedSlots, slots] = [await eagerOptimizer.getWeights(), await optimizer.getWeights()]
    expect(slots.length).toBe(expectedSlots.length)
    slots.forEach(({ tensor }, i) => {
      expect(tensor.dataSync()).toEqual(expectedSlots[i]!.tensor.dataSync())
    })
    compiled.dispose()
  })
})

test.each(Object.entries(optimizers))('%s: a changed learning rate is used at once', (_name, create) => {
  const eagerOptimizer = create() as tf.Optimizer & { learningRate: number }
  const optimizer = create() as tf.Optimizer & { learningRate: number }
  const eager = network(eagerOptimizer, 'minimize')
  const other = network(optimizer, 'minimize')
  const compiled = compile(other.step)
  const setRate = (target: typeof optimizer, rate: number) => {
    if (target.getClassName() === 'SGD') (target as unknown as tf.SGDOptimizer).setLearningRate(rate)
    target.learningRate = rate
  }
  for (let epoch = 0; epoch < 3; epoch++) {
    for (let call = 0; call < 15; call++) {
      tf.tidy(() => {
        eager.step(...batch(call))
        compiled(...batch(call))
      })
    }
    setRate(eagerOptimizer, 0.003 / (epoch + 2))
    setRate(optimizer, 0.003 / (epoch + 2))
  }
  other.variables.forEach((variable, i) => {
    expect(variable.dataSync()).toEqual(eager.variables[i]!.dataSync())
  })
  expect(compiled.graph.reason).toBeUndefined()
  expect(compiled.graph.stats).toMatchObject({ eagerCalls: 1, recordedCalls: 6, graphCalls: 38 })
  compiled.dispose()
})
