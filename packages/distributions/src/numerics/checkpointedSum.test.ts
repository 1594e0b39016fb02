import * as tf from '@tensorflow/tfjs'
import { expectNoLeak, expectTensorsClose } from '@tfjs-bayes/testing'
import { expect, test } from 'vitest'
import { checkpointedSum } from './checkpointedSum.ts'

const term = (i: number, [x, y]: readonly tf.Tensor[], [c]: readonly tf.Tensor[]): tf.Tensor =>
  tf.mul(tf.exp(tf.mul(x!, 0.1 * i)), tf.add(tf.square(y!), c!))
const count = 5

test('has the value and the gradients of the plain sum; shared constants have none', async () => {
  await expectNoLeak(() =>
    tf.tidy(() => {
      const [x, y] = [
        tf.tensor2d([
          [0.3, -1],
          [2, 0.5],
        ]),
        tf.tensor1d([0.7, -0.4]),
      ]
      const fixed = tf.mul(y, 3)
      const plain = (a: tf.Tensor, b: tf.Tensor): tf.Tensor =>
        Array.from({ length: count }, (_, i) => term(i, [a, b], [fixed])).reduce((sum, each) => tf.add(sum, each))
      const checkpointed = (a: tf.Tensor, b: tf.Tensor): tf.Tensor =>
        checkpointedSum([a, b], { count, term, constants: ([, given]) => [tf.mul(given!, 3)] })
      expectTensorsClose(checkpointed(x, y), plain(x, y))
      const loss = (sum: typeof plain) => (a: tf.Tensor, b: tf.Tensor) => tf.sum(tf.mul(tf.sin(sum(tf.mul(a, 2), b)), a))
      const expected = tf.grads(loss(plain))([x, y])
      tf.grads(loss(checkpointed))([x, y]).forEach((each, k) => {
        expectTensorsClose(each, expected[k]!)
      })
    }),
  )
})

test('an input that no term uses has gradient 0', () => {
  tf.tidy(() => {
    const sum = (x: tf.Tensor, y: tf.Tensor): tf.Tensor =>
      checkpointedSum([x, y], { count: 2, term: (_, [given]) => tf.square(given!) })
    const [dx, dy] = tf.grads((x: tf.Tensor, y: tf.Tensor) => tf.sum(sum(x, y)))([tf.scalar(3), tf.scalar(1)])
    expectTensorsClose(dx!, tf.scalar(12))
    expectTensorsClose(dy!, tf.scalar(0))
  })
})

test('memory does not grow with the number of terms, forwards or backwards', () => {
  const variable = tf.variable(tf.ones([1000]))
  const peak = (terms: number): number => {
    let most = 0
    const heavy = (i: number, [v]: readonly tf.Tensor[]): tf.Tensor => {
      const value = tf.sin(tf.mul(v!, i))
      most = Math.max(most, tf.memory().numBytes)
      return value
    }
    const start = tf.memory().numBytes
    const { value, grads } = tf.variableGrads(
      () => tf.sum(checkpointedSum([variable], { count: terms, term: heavy })) as tf.Scalar,
      [variable],
    )
    tf.dispose([value, grads])
    return most - start
  }
  expect(peak(40)).toBeLessThan(1.1 * peak(4))
  variable.dispose()
})
