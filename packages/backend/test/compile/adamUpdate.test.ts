import * as tf from '@tensorflow/tfjs'
import { expect } from 'vitest'
import { CompiledStepError, compile } from '../../src/compile/index.ts'
import { statelessNormal } from '../../src/random/statelessNormal.ts'
import { adamLoss, adamTask } from './adamTask.ts'
import { nativeTest as test } from './nativeTest.ts'

const STEPS = 100
/** Weights and moments; the powers of the betas are fed and fetched. */
const RESIDENTS = 6

test(`${STEPS} steps of two shapes end with the same bits as eager ones, whoever looks, copies or writes in between`, () => {
  const eager = adamTask()
  const other = adamTask()
  const compiled = compile(other.step, { check: 'strict', checkEvery: 30 })
  const before = tf.memory().numTensors
  const kept: [tf.Tensor, Float32Array][] = []
  for (let call = 0; call < STEPS; call++) {
    expect(adamLoss(compiled, call)).toBe(adamLoss(eager.step, call))
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
    if (call === 70) expect(adamLoss(other.step, 70)).toBe(adamLoss(eager.step, 70))
  }
  for (const [i, variable] of other.all.entries()) expect(variable.dataSync()).toEqual(eager.all[i]!.dataSync())
  for (const [clone, values] of kept) expect(clone.dataSync()).toEqual(values)
  const { graphCalls, graphs } = compiled.graph.stats
  expect(compiled.graph.reason).toBeUndefined()
  expect(graphCalls).toBeGreaterThan(80)
  expect(graphs.map(({ residentVariables }) => residentVariables)).toEqual([RESIDENTS, RESIDENTS])
  tf.dispose(kept.map(([clone]) => clone))
  expect(tf.memory().numTensors).toBe(before)
  compiled.dispose()
  for (const [i, variable] of other.all.entries()) expect(variable.dataSync()).toEqual(eager.all[i]!.dataSync())
  tf.dispose([...eager.all, ...other.all])
})

test('two compiled steps on the same variables see what the other did', () => {
  const eager = adamTask()
  const other = adamTask()
  const compiled = [compile(other.step), compile(other.step)]
  for (let call = 0; call < 40; call++) {
    expect(adamLoss(compiled[(call >> 1) % 2]!, call)).toBe(adamLoss(eager.step, call))
  }
  for (const { graph } of compiled) expect(graph.stats.graphs[0]).toMatchObject({ residentVariables: RESIDENTS })
  for (const step of compiled) step.dispose()
  tf.dispose([...eager.all, ...other.all])
})

test('a step that fails in TensorFlow, wherever, leaves every variable as it was, and the next one goes on', () => {
  const table = tf.tidy(() => tf.variable(tf.ones([10, 1]), false))
  const index = tf.tidy(() => tf.variable(tf.range(0, 10, 1, 'int32'), false))
  const task = adamTask()
  // What fails is needed by no update: each could be done before.
  const compiled = compile((x: tf.Tensor, rate: tf.Tensor) => [task.step(x, rate), tf.gather(table, index).sum()])
  const run = (call: number) => tf.tidy(() => compiled(statelessNormal([10, 6], 4, call), tf.scalar(0.01))[0]!.dataSync()[0]!)
  for (let call = 0; call < 6; call++) run(call)
  expect(compiled.graph.stats.graphs[0]).toMatchObject({ residentVariables: RESIDENTS })
  const before = task.all.map((variable) => variable.dataSync().slice())
  const tensors = tf.memory().numTensors
  const good = index.clone()
  tf.tidy(() => index.assign(index.add(tf.scalar(5, 'int32'))))
  for (let i = 0; i < 2; i++) expect(() => run(6)).toThrow(CompiledStepError)
  for (const [i, variable] of task.all.entries()) expect(variable.dataSync()).toEqual(before[i])
  index.assign(good)
  good.dispose()
  expect(tf.memory().numTensors).toBe(tensors)
  run(6)
  expect(task.all[0]!.dataSync()).not.toEqual(before[0])
  compiled.dispose()
  tf.dispose([table, index, ...task.all])
})

test('weight decay, whose weights are no longer the variable itself, and a result that sees the new weights', () => {
  const make = () => {
    const task = adamTask()
    const [weights] = task.all
    const step = (x: tf.Tensor, rate: tf.Tensor) => {
      weights!.assign(weights!.mul(0.99))
      const loss = task.step(x, rate)
      return [loss, weights!.sum()] as const
    }
    return { ...task, step: (x: tf.Tensor, rate: tf.Tensor) => tf.addN([...step(x, rate)]) as tf.Scalar }
  }
  const eager = make()
  const other = make()
  const compiled = compile(other.step)
  for (let call = 0; call < 30; call++) expect(adamLoss(compiled, call)).toBe(adamLoss(eager.step, call))
  // What needs the updated weights could fail after the update: nothing stays in TensorFlow then.
  expect(compiled.graph.stats.graphs[0]).toMatchObject({ residentVariables: 0 })
  for (const [i, variable] of other.all.entries()) expect(variable.dataSync()).toEqual(eager.all[i]!.dataSync())
  compiled.dispose()
  tf.dispose([...eager.all, ...other.all])
})
