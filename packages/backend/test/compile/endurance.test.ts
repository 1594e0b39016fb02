import * as tf from '@tensorflow/tfjs'
import { expect } from 'vitest'
import { compile } from '../../src/compile/index.ts'
import { statelessNormal } from '../../src/random/statelessNormal.ts'
import { adamLoss, adamTask } from './adamTask.ts'
import { nativeTest as test } from './nativeTest.ts'
import { batch, lossOf, task, valuesOf } from './task.ts'

/** TFJS_BAYES_LONG=1 takes the long way. */
const LONG = process.env['TFJS_BAYES_LONG'] === '1'
const STEPS = LONG ? 10_000 : 600
/** Milliseconds; the long way takes minutes, on a busy machine many. */
const TIME_LIMIT = LONG ? 7_200_000 : 1_200_000

interface Native {
  getNumOfSavedModels(): number
  getNumOfTFTensors(): number
}

test(`${STEPS} steps keep tensors, sessions and memory flat, and the bits of eager steps`, { timeout: TIME_LIMIT }, () => {
  const native = tf.backend() as unknown as Native
  const data = statelessNormal([5000, 4], 5, 0)
  const eager = task()
  const other = task()
  const step = (rows: tf.Tensor, counter: tf.Tensor) => other.step(tf.gather(data, rows as tf.Tensor1D), counter)
  const eagerStep = (rows: tf.Tensor, counter: tf.Tensor) => eager.step(tf.gather(data, rows as tf.Tensor1D), counter)
  const compiled = compile(step, { check: 'strict', checkEvery: 200 })
  const args = (call: number): [tf.Tensor, tf.Tensor] => [
    tf.tensor1d(
      Array.from({ length: call % 10 === 9 ? 5 : 8 }, (_, i) => (call * 31 + i * 17) % 5000),
      'int32',
    ),
    tf.scalar(call, 'int32'),
  ]
  const counts = () => [tf.memory().numTensors, native.getNumOfSavedModels(), native.getNumOfTFTensors()]
  const gc = (globalThis as { gc?: () => void }).gc
  let before: number[] | undefined
  let resident = 0
  for (let call = 0; call < STEPS; call++) {
    tf.tidy(() => {
      compiled(...args(call))
    })
    tf.tidy(() => {
      eagerStep(...args(call))
    })
    if (call === Math.floor(STEPS / 5)) {
      gc?.()
      before = counts()
      resident = process.memoryUsage().rss
    }
  }
  gc?.()
  expect(counts()).toEqual(before)
  expect((process.memoryUsage().rss - resident) / 2 ** 20).toBeLessThan(LONG ? 150 : 100)
  expect(valuesOf(other)).toEqual(valuesOf(eager))
  expect(other.optimizer.iterations).toBe(STEPS)
  expect(compiled.graph.stats).toMatchObject({ eagerCalls: 1, graphs: { length: 2 } })
  expect(compiled.graph.stats.checks).toBeGreaterThanOrEqual(Math.floor(STEPS / 250))
  compiled.dispose()
})

test(`${STEPS} steps that update variables in place keep tensors, handles and memory flat, and the bits of eager steps`, {
  timeout: TIME_LIMIT,
}, () => {
  const native = tf.backend() as unknown as Native
  const [eager, other] = [adamTask(), adamTask()]
  const compiled = compile(other.step, { check: 'strict', checkEvery: 200 })
  const counts = () => [tf.memory().numTensors, native.getNumOfSavedModels(), native.getNumOfTFTensors()]
  let before: number[] | undefined
  let resident = 0
  for (let call = 0; call < STEPS; call++) {
    expect(adamLoss(compiled, call)).toBe(adamLoss(eager.step, call))
    if (call === Math.floor(STEPS / 5)) {
      before = counts()
      resident = process.memoryUsage().rss
    }
  }
  expect(counts()).toEqual(before)
  expect((process.memoryUsage().rss - resident) / 2 ** 20).toBeLessThan(LONG ? 150 : 100)
  expect(valuesOf({ variables: other.all })).toEqual(valuesOf({ variables: eager.all }))
  expect(compiled.graph.stats.graphs.map(({ residentVariables }) => residentVariables)).toEqual([6, 6])
  compiled.dispose()
})

test('an interrupt between steps ends a run with the weights of a whole number of steps', async () => {
  const other = task()
  const compiled = compile(other.step)
  let interrupted = false
  const onInterrupt = () => {
    interrupted = true
  }
  process.once('SIGINT', onInterrupt)
  let calls = 0
  try {
    while (!interrupted && calls < 1000) {
      if (calls === 12) process.kill(process.pid, 'SIGINT')
      lossOf(compiled, calls++)
      await new Promise((resolve) => setImmediate(resolve))
    }
  } finally {
    process.off('SIGINT', onInterrupt)
  }
  expect(interrupted).toBe(true)
  const eager = task()
  for (let call = 0; call < calls; call++) lossOf(eager.step, call)
  expect(valuesOf(other)).toEqual(valuesOf(eager))
  compiled.dispose()
})

test('noise drawn in a graph has the moments of a normal, is new at each call, and is eager’s for the same counter', () => {
  const draws = 20_000
  const compiled = compile((counter: tf.Tensor) => statelessNormal([draws], 11, counter as tf.Scalar))
  const noise = Array.from({ length: 20 }, (_, call) => tf.tidy(() => compiled(batch(call)[1]).dataSync()))
  expect(compiled.graph.stats.graphCalls).toBe(17)
  noise.forEach((values, call) => {
    expect(values).toEqual(tf.tidy(() => statelessNormal([draws], 11, call).dataSync()))
  })
  const all = noise.flatMap((values) => Array.from(values))
  const moment = (power: number) => all.reduce((sum, value) => sum + value ** power, 0) / all.length
  // Five standard errors each: a false alarm in two million runs, and the draws are fixed anyway.
  const bound = (variance: number) => 5 * Math.sqrt(variance / all.length)
  expect(Math.abs(moment(1))).toBeLessThan(bound(1))
  expect(Math.abs(moment(2) - 1)).toBeLessThan(bound(2))
  expect(Math.abs(moment(3))).toBeLessThan(bound(15))
  expect(Math.abs(moment(4) - 3)).toBeLessThan(bound(96))
  for (let call = 4; call < 20; call++) {
    const correlation = Array.from(noise[call]!).reduce((sum, value, i) => sum + value * noise[call - 1]![i]!, 0) / draws
    expect(Math.abs(correlation)).toBeLessThan(5 / Math.sqrt(draws))
  }
  compiled.dispose()
})
