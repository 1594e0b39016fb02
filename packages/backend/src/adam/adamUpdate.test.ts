import * as tf from '@tensorflow/tfjs'
import { afterAll, expect, test } from 'vitest'
import { adamUpdate } from './adamUpdate.ts'

const STEPS = 30
const SETTINGS = { beta1: 0.9, beta2: 0.999, epsilon: 1e-7 }
const RATE = 0.05
const backend = tf.getBackend()

afterAll(() => tf.setBackend(backend))

const gradients = (t: number, shape: readonly number[]): tf.Tensor => tf.randomNormal([...shape], 0.1, 1, 'float32', 100 + t)

/** Runs STEPS steps; the gradients are the same for whoever asks. */
function run(shape: readonly number[], settings = SETTINGS): tf.Tensor {
  return tf.tidy(() => {
    let state = {
      value: tf.randomNormal([...shape], 0, 1, 'float32', 1) as tf.Tensor,
      firstMoment: tf.zeros([...shape]) as tf.Tensor,
      secondMoment: tf.zeros([...shape]) as tf.Tensor,
    }
    for (let t = 1; t <= STEPS; t++) {
      const powers = { beta1Power: tf.scalar(settings.beta1 ** t), beta2Power: tf.scalar(settings.beta2 ** t) }
      state = adamUpdate({ ...state, ...powers, ...settings, gradient: gradients(t, shape), learningRate: tf.scalar(RATE) })
    }
    return state.value
  })
}

/** Algorithm 1 of Kingma & Ba (2015) as it is written, in float64. */
function reference(shape: readonly number[], { beta1, beta2, epsilon } = SETTINGS): number[] {
  return tf.tidy(() => {
    const w = [...tf.randomNormal([...shape], 0, 1, 'float32', 1).dataSync()]
    const m = w.map(() => 0)
    const v = w.map(() => 0)
    for (let t = 1; t <= STEPS; t++) {
      const g = gradients(t, shape).dataSync()
      w.forEach((_, i) => {
        m[i] = beta1 * m[i]! + (1 - beta1) * g[i]!
        v[i] = beta2 * v[i]! + (1 - beta2) * g[i]! ** 2
        w[i]! -= (RATE * (m[i]! / (1 - beta1 ** t))) / (Math.sqrt(v[i]! / (1 - beta2 ** t)) + epsilon)
      })
    }
    return w
  })
}

test.each([...new Set([backend, 'cpu'])])('is Adam on %s', async (name) => {
  await tf.setBackend(name)
  for (const shape of [[7, 5], [3], []]) {
    for (const settings of [SETTINGS, { beta1: 0.5, beta2: 0.9, epsilon: 1e-2 }]) {
      const before = tf.memory().numTensors
      const value = run(shape, settings)
      const expected = reference(shape, settings)
      for (const [i, w] of value.dataSync().entries()) expect(Math.abs(w - expected[i]!)).toBeLessThan(1e-5)
      value.dispose()
      expect(tf.memory().numTensors).toBe(before)
    }
  }
  await tf.setBackend(backend)
})

test('this backend’s and plain ops give the same numbers', async () => {
  const values: Float32Array[] = []
  for (const name of [backend, 'cpu']) {
    await tf.setBackend(name)
    const value = run([9, 11])
    values.push(value.dataSync() as Float32Array)
    value.dispose()
  }
  await tf.setBackend(backend)
  for (const [i, w] of values[0]!.entries()) expect(Math.abs(w - values[1]![i]!)).toBeLessThan(1e-6)
})

test('the tensors that go in stay as they are', () => {
  tf.tidy(() => {
    const [value, firstMoment, secondMoment, gradient] = [1, 2, 3, 4].map((x) => tf.fill([4], x))
    const scalars = { beta1Power: tf.scalar(0.9), beta2Power: tf.scalar(0.999), learningRate: tf.scalar(RATE) }
    const after = adamUpdate({
      value: value!,
      firstMoment: firstMoment!,
      secondMoment: secondMoment!,
      gradient: gradient!,
      ...scalars,
      ...SETTINGS,
    })
    expect(after.value.dataSync()[0]).not.toBe(1)
    expect([value, firstMoment, secondMoment, gradient].map((tensor) => tensor!.dataSync()[3])).toEqual([1, 2, 3, 4])
  })
})
