import * as tf from '@tensorflow/tfjs'
import { afterAll, describe, expect, test } from 'vitest'
import { useCpuBackend } from '../cpu.ts'
import { InvalidArgumentError } from '../errors.ts'
import { type NativeBackendError, useNativeBackend } from '../native.ts'
import { useWasmBackend } from '../wasm.ts'
import { plainNormal } from './plainNormal.ts'
import { statelessNormal } from './statelessNormal.ts'

/**
 * What the op StatelessRandomNormal of TensorFlow 2.21.0 (tensorflow-cpu, x86-64) gives for a seed [key, counter]; from Python:
 * `tf.raw_ops.StatelessRandomNormal(shape=[n], seed=[key, counter])`.
 */
const FROM_TENSORFLOW = [
  { key: 5, counter: 3, values: [-0.33111522, -0.30643398, -0.029888369, -0.6914894, 0.43998945, -0.77077055] },
  { key: 0, counter: 0, values: [-1.697034, -0.48137671, -0.66223693, 0.087011188, -1.0001622] },
  { key: -7, counter: 2_000_000_000, values: [0.0073604309, -2.2456064, -0.066497371, 1.2886432] },
  { key: -2_147_483_648, counter: -1, values: [2.0147798, -1.2848704, -0.32510671, 1.0684706] },
] as const

/** Float32 rounding of log, sqrt, sin and cos at values up to 5.7 (the bound of Box-Muller here). */
const ROUNDING = 5e-6

const start = { native: useNativeBackend, wasm: useWasmBackend, cpu: useCpuBackend }
const native = await useNativeBackend().then(
  () => true,
  (error: unknown) => error,
)
const backends = native === true ? (['native', 'wasm', 'cpu'] as const) : (['wasm', 'cpu'] as const)

const before = tf.getBackend()
afterAll(async () => {
  await tf.setBackend(before)
})

test('the native backend is here, or its addon is not installed', () => {
  if (native !== true) expect((native as NativeBackendError).code).toMatch(/^(addon|package)-missing$/)
  else expect(tf.findBackend('tensorflow')).not.toBeNull()
})

describe.each(backends)('on the %s backend', (name) => {
  test.each(FROM_TENSORFLOW)('key $key, counter $counter: TensorFlow’s numbers', async ({ key, counter, values }) => {
    await start[name]()
    const [drawn, shape, leaked] = await measured(() => statelessNormal([values.length], key, counter))
    expect(worst(drawn, values)).toBeLessThan(ROUNDING)
    expect(shape).toEqual([values.length])
    expect(leaked).toBe(0)
  })

  test('a tensor counter gives what the number gives, bit for bit', async () => {
    await start[name]()
    for (const counter of [0, 3, -1, 2_147_483_647]) {
      const scalar = tf.scalar(counter, 'int32')
      const [byTensor, , leaked] = await measured(() => statelessNormal([3, 5], 11, scalar))
      const [byNumber] = await measured(() => statelessNormal([3, 5], 11, counter))
      expect(byTensor).toEqual(byNumber)
      expect(leaked).toBe(0)
      scalar.dispose()
    }
  })

  test('any shape: the same stream of numbers, laid out in it', async () => {
    await start[name]()
    const [flat] = await measured(() => statelessNormal([24], 1, 2))
    for (const shape of [[24], [4, 6], [2, 3, 4], [1, 24, 1]]) {
      const [drawn, drawnShape] = await measured(() => statelessNormal(shape, 1, 2))
      expect(drawnShape).toEqual(shape)
      expect(drawn).toEqual(flat)
    }
    expect((await measured(() => statelessNormal([], 1, 2)))[0]).toEqual(flat.slice(0, 1))
    expect((await measured(() => statelessNormal([0, 3], 1, 2)))[1]).toEqual([0, 3])
  })

  test('long and odd lengths: what the TypeScript twin draws (on the native backend the other side is TensorFlow’s own op)', async () => {
    await start[name]()
    for (const [size, key, counter] of [
      [100_003, 5, 3],
      [1, 9, 9],
      [2, 9, 9],
      [3, 9, 9],
      [10_001, -7, 2_000_000_000],
    ] as const) {
      const [drawn] = await measured(() => statelessNormal([size], key, counter))
      expect(worst(drawn, plainNormal(size, [key, counter]))).toBeLessThan(ROUNDING)
    }
  })
})

test('unsigned and signed spellings of 32 bits are the same word', () => {
  const drawn = (key: number): Float32Array => tf.tidy(() => statelessNormal([4], key, 0).dataSync() as Float32Array)
  expect(drawn(0xffffffff)).toEqual(drawn(-1))
})

test('different keys and different counters are different, uncorrelated streams', () => {
  const size = 40_000
  const streams = [
    [1, 1],
    [1, 2],
    [2, 1],
    [2, 2],
  ].map(([key, counter]) => plainNormal(size, [key!, counter!]))
  for (const [i, a] of streams.entries())
    for (const b of streams.slice(i + 1)) {
      const correlation = a.reduce((sum, value, at) => sum + value * b[at]!, 0) / size
      expect(Math.abs(correlation) * Math.sqrt(size)).toBeLessThan(FIVE_SIGMA)
    }
})

// Fixed seeds: these either hold or do not. The bound is what random seeds would pass but once in two million tries.
const FIVE_SIGMA = 5

test('moments and quantiles are those of N(0, 1)', () => {
  const size = 200_000
  const values = plainNormal(size, [2026, 1])
  const moment = (power: number): number => values.reduce((sum, value) => sum + value ** power, 0) / size
  // Mean and variance of the k-th power of a standard normal: (k-1)!!, and (2k-1)!! - ((k-1)!!)^2.
  for (const [power, mean, variance] of [
    [1, 0, 1],
    [2, 1, 2],
    [3, 0, 15],
    [4, 3, 96],
  ] as const)
    expect(Math.abs(moment(power) - mean) / Math.sqrt(variance / size)).toBeLessThan(FIVE_SIGMA)
  for (const [quantile, probability] of [
    [-2.575829, 0.005],
    [-1.959964, 0.025],
    [-0.67449, 0.25],
    [0, 0.5],
    [0.841621, 0.8],
    [2.326348, 0.99],
  ] as const) {
    const below = values.reduce((count, value) => count + (value < quantile ? 1 : 0), 0) / size
    expect(Math.abs(below - probability) / Math.sqrt((probability * (1 - probability)) / size)).toBeLessThan(FIVE_SIGMA)
  }
})

test.each([
  ['a shape with a fraction', () => statelessNormal([2.5], 1, 1), /shape is \[2\.5\], expected non-negative integers/],
  ['a negative size', () => statelessNormal([3, -1], 1, 1), /shape is \[3, -1\]/],
  ['a key with a fraction', () => statelessNormal([2], 0.5, 1), /key is 0\.5, expected an integer of 32 bits/],
  ['a key that is not a number', () => statelessNormal([2], Number.NaN, 1), /key is NaN/],
  ['a counter beyond 32 bits', () => statelessNormal([2], 1, 2 ** 32), /counter is 4294967296/],
  [
    'a counter with a shape',
    () => statelessNormal([2], 1, tf.zeros([1]) as tf.Tensor as tf.Scalar),
    /counter has shape \[1\], expected a scalar/,
  ],
])('%s is refused', (_what, draw, message) => {
  tf.tidy(() => {
    expect(draw).toThrow(InvalidArgumentError)
    expect(draw).toThrow(message)
  })
})

/** The values and shape of what `draw` returns, and how many tensors it left besides. */
async function measured(draw: () => tf.Tensor): Promise<[values: Float32Array, shape: number[], leaked: number]> {
  const tensors = tf.memory().numTensors
  const drawn = draw()
  expect(drawn.dtype).toBe('float32')
  const values = Float32Array.from(await drawn.data<'float32'>())
  drawn.dispose()
  return [values, drawn.shape, tf.memory().numTensors - tensors]
}

function worst(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual.length).toBe(expected.length)
  return Array.from(actual).reduce((largest, value, i) => Math.max(largest, Math.abs(value - expected[i]!)), 0)
}
