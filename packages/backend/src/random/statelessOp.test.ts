import * as tf from '@tensorflow/tfjs'
import { afterAll, describe, expect, test } from 'vitest'
import { useCpuBackend } from '../cpu.ts'
import { InvalidArgumentError } from '../errors.ts'
import { type NativeBackendError, useNativeBackend } from '../native.ts'
import { useWasmBackend } from '../wasm.ts'
import { NORMAL, statelessNormal } from './statelessNormal.ts'
import type { StatelessOp } from './statelessOp.ts'
import { SIGNS, statelessSigns } from './statelessSigns.ts'
import { statelessUniform, UNIFORM } from './statelessUniform.ts'

/** One of the public draws. */
interface Draw {
  readonly name: string
  readonly draw: (shape: readonly number[], key: number, counter: number | tf.Scalar) => tf.Tensor
  /** The same in TypeScript: on the native backend the other side is TensorFlow's own op. */
  readonly twin: (size: number, seed: readonly [number, number]) => ArrayLike<number>
  /** How far backends may be apart: float32 rounding of log, sqrt, sin and cos at values up to 5.7 (the bound of Box-Muller here), or nothing. */
  readonly rounding: number
  /** What the op gives for the seed [key, counter]. */
  readonly expected: readonly (readonly number[])[]
}

const SEEDS = [
  [5, 3],
  [0, 0],
  [-7, 2_000_000_000],
  [-2_147_483_648, -1],
] as const

/**
 * From TensorFlow 2.21.0 (tensorflow-cpu, x86-64), in Python: `tf.raw_ops.StatelessRandomNormal(shape=[n], seed=[key, counter])`, and likewise
 * `StatelessRandomUniform` and, with `dtype=tf.int32`, `StatelessRandomUniformFullInt`.
 */
const NORMALS = [
  [-0.33111522, -0.30643398, -0.029888369, -0.6914894, 0.43998945, -0.77077055],
  [-1.697034, -0.48137671, -0.66223693, 0.087011188, -1.0001622],
  [0.0073604309, -2.2456064, -0.066497371, 1.2886432],
  [2.0147798, -1.2848704, -0.32510671, 1.0684706],
]
const UNIFORMS = [
  [0.9032377, 0.63115823, 0.78700125, 0.5068749, 0.6744627, 0.41744554],
  [0.21101546, 0.70601, 0.8000634, 0.77079225, 0.38858867],
  [0.08034694, 0.49947834, 0.43495548, 0.99179447],
  [0.05754924, 0.34035158, 0.5359781, 0.95299006],
]
const FULL_INTEGERS = [
  [-604791477, -967783989, -1511736203, 1170268487, 450254027, 2109042395],
  [-409271666, -1596301687, 1306945658, -1411208878, 556907846],
  [-368424753, 532672232, 1899474079, -1216416993],
  [1065835974, -1876193116, 1917098734, -654705772],
]

const sign = (word: number): number => (word >= 0 ? 1 : -1)
const float32 = (rows: readonly (readonly number[])[]): number[][] => rows.map((row) => row.map(Math.fround))
const twinOf =
  ({ twin }: StatelessOp): Draw['twin'] =>
  (size, seed) =>
    twin(size, seed)

const draws: readonly Draw[] = [
  { name: 'statelessNormal', draw: statelessNormal, twin: twinOf(NORMAL), rounding: 5e-6, expected: NORMALS },
  { name: 'statelessUniform', draw: statelessUniform, twin: twinOf(UNIFORM), rounding: 0, expected: float32(UNIFORMS) },
  {
    name: 'statelessSigns',
    draw: statelessSigns,
    twin: twinOf(SIGNS),
    rounding: 0,
    expected: FULL_INTEGERS.map((row) => row.map(sign)),
  },
]

const start = { native: useNativeBackend, wasm: useWasmBackend, cpu: useCpuBackend }
const native = await useNativeBackend().then(
  () => true,
  (error: unknown) => error,
)
const backends = native === true ? (['native', 'wasm', 'cpu'] as const) : (['wasm', 'cpu'] as const)
const cases = backends.flatMap((backend) => draws.map((each) => [each.name, backend, each] as const))

const before = tf.getBackend()
afterAll(async () => {
  await tf.setBackend(before)
})

test('the native backend is here, or its addon is not installed', () => {
  if (native !== true) expect((native as NativeBackendError).code).toMatch(/^(addon|package)-missing$/)
  else expect(tf.findBackend('tensorflow')).not.toBeNull()
})

describe.each(cases)('%s on the %s backend', (_name, backend, { draw, twin, rounding, expected }) => {
  test('TensorFlow’s numbers', async () => {
    await start[backend]()
    for (const [i, [key, counter]] of SEEDS.entries()) {
      const [drawn, shape, leaked] = await measured(() => draw([expected[i]!.length], key, counter))
      expect(worst(drawn, expected[i]!), `key ${key}, counter ${counter}`).toBeLessThanOrEqual(rounding)
      expect(shape).toEqual([expected[i]!.length])
      expect(leaked).toBe(0)
    }
  })

  test('a tensor counter gives what the number gives, bit for bit', async () => {
    await start[backend]()
    for (const counter of [0, 3, -1, 2_147_483_647]) {
      const scalar = tf.scalar(counter, 'int32')
      const [byTensor, , leaked] = await measured(() => draw([3, 5], 11, scalar))
      const [byNumber] = await measured(() => draw([3, 5], 11, counter))
      expect(byTensor).toEqual(byNumber)
      expect(leaked).toBe(0)
      scalar.dispose()
    }
  })

  test('any shape: the same stream of numbers, laid out in it', async () => {
    await start[backend]()
    const [flat] = await measured(() => draw([24], 1, 2))
    for (const shape of [[24], [4, 6], [2, 3, 4], [1, 24, 1]]) {
      const [drawn, drawnShape] = await measured(() => draw(shape, 1, 2))
      expect(drawnShape).toEqual(shape)
      expect(drawn).toEqual(flat)
    }
    expect((await measured(() => draw([], 1, 2)))[0]).toEqual(flat.slice(0, 1))
    expect((await measured(() => draw([0, 3], 1, 2)))[1]).toEqual([0, 3])
  })

  test('long and odd lengths: what the TypeScript twin draws', async () => {
    await start[backend]()
    for (const [size, key, counter] of [
      [100_003, 5, 3],
      [1, 9, 9],
      [2, 9, 9],
      [3, 9, 9],
      [10_001, -7, 2_000_000_000],
    ] as const) {
      const [drawn] = await measured(() => draw([size], key, counter))
      expect(worst(drawn, twin(size, [key, counter]))).toBeLessThanOrEqual(rounding)
    }
  })
})

test.each(draws)('$name: unsigned and signed spellings of 32 bits are the same word', ({ draw }) => {
  const drawn = (key: number): Float32Array => tf.tidy(() => draw([64], key, 0).dataSync() as Float32Array)
  expect(drawn(0xffffffff)).toEqual(drawn(-1))
})

const refusals = draws.flatMap(({ name, draw }) =>
  (
    [
      ['a shape with a fraction', () => draw([2.5], 1, 1), 'shape is [2.5], expected non-negative integers'],
      ['a negative size', () => draw([3, -1], 1, 1), 'shape is [3, -1]'],
      ['a key with a fraction', () => draw([2], 0.5, 1), 'key is 0.5, expected an integer of 32 bits'],
      ['a key that is not a number', () => draw([2], Number.NaN, 1), 'key is NaN'],
      ['a counter beyond 32 bits', () => draw([2], 1, 2 ** 32), 'counter is 4294967296'],
      [
        'a counter with a shape',
        () => draw([2], 1, tf.zeros([1]) as tf.Tensor as tf.Scalar),
        'counter has shape [1], expected a scalar',
      ],
    ] as const
  ).map(([what, refused, message]) => [name, what, refused, message] as const),
)

test.each(refusals)('%s refuses %s', (name, _what, refused, message) => {
  tf.tidy(() => {
    expect(refused).toThrow(InvalidArgumentError)
    expect(refused).toThrow(`${name}: ${message}`)
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
