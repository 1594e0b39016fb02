import * as tf from '@tensorflow/tfjs'
import { afterAll, describe, expect, test } from 'vitest'

const backend = tf.getBackend()
afterAll(() => tf.setBackend(backend))

// Not 6 itself, where tfjs takes the slope on the left and TensorFlow the one on the right.
const VALUES = [-1e30, -2, -0, 0, 1e-30, 0.5, 5.9, 6.5, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
const slopes = { relu: VALUES.map((x) => (x > 0 ? 1 : 0)), relu6: VALUES.map((x) => (x > 0 && x < 6 ? 1 : 0)) }

/** Without negative zeros. */
const valuesOf = (x: tf.Tensor): number[] => Array.from(x.dataSync(), (value) => value + 0)

// tfjs's own gradient on the plain backend is the twin.
describe.each([...new Set([backend, 'cpu'])])('on %s', (used) => {
  test.each(['relu', 'relu6'] as const)('the gradient of %s passes where its slope is 1', async (name) => {
    await tf.setBackend(used)
    const tensors = tf.memory().numTensors
    tf.tidy(() => {
      const x = tf.tensor1d(VALUES)
      const dy = tf.linspace(-2, 3, VALUES.length)
      const expected = valuesOf(dy).map((value, i) => value * slopes[name][i]! + 0)
      expect(valuesOf(tf.grad((at: tf.Tensor) => at[name]())(x, dy))).toEqual(expected)
    })
    expect(tf.memory().numTensors).toBe(tensors)
  })

  test('the gradient of relu has gradients: it is linear in dy and flat in x', async () => {
    await tf.setBackend(used)
    tf.tidy(() => {
      const x = tf.tensor1d([-1, 0, 2, 3])
      const dy = tf.tensor1d([5, 6, 7, -8])
      const squares = (by: tf.Tensor, at: tf.Tensor) =>
        tf
          .grad((v: tf.Tensor) => v.relu())(at, by)
          .square()
          .sum()
      const [byDy, byX] = tf.grads(squares)([dy, x])
      expect(valuesOf(byDy!)).toEqual([0, 0, 14, -16])
      expect(valuesOf(byX!)).toEqual([0, 0, 0, 0])
    })
  })

  test('the gradient of softplus is dy times the sigmoid, in both tails, and has gradients', async () => {
    await tf.setBackend(used)
    tf.tidy(() => {
      const x = [-80, -10, -1, 0, 1, 10, 80]
      const sigmoid = x.map((value) => 1 / (1 + Math.exp(-value)))
      const gradient = (by: tf.Tensor, at: tf.Tensor) => tf.grad((v: tf.Tensor) => v.softplus())(at, by)
      const dy = tf.tensor1d(x.map((_, i) => i - 2.5))
      const products = gradient(dy, tf.tensor1d(x)).dataSync()
      for (const [i, product] of products.entries()) expect(Math.abs(product / ((i - 2.5) * sigmoid[i]!) - 1)).toBeLessThan(1e-6)
      // sum of dy sigmoid(x), by dy and by x
      const [byDy, byX] = tf.grads((by: tf.Tensor, at: tf.Tensor) => gradient(by, at).sum())([dy, tf.tensor1d(x)])
      for (const [i, s] of sigmoid.entries()) {
        expect(byDy!.dataSync()[i]! - s).toBeCloseTo(0, 6)
        expect(byX!.dataSync()[i]! - (i - 2.5) * s * (1 - s)).toBeCloseTo(0, 6)
      }
    })
  })

  test('NaN stays NaN', async () => {
    await tf.setBackend(used)
    tf.tidy(() => {
      const gradient = tf.grad((x: tf.Tensor) => x.relu().square().sum())
      expect(valuesOf(gradient(tf.tensor1d([Number.NaN, 1])))).toEqual([Number.NaN, 2])
    })
  })
})
