import * as tf from '@tensorflow/tfjs'
import { expectNoLeak, expectTensorsClose } from '@tfjs-bayes/testing'
import { expect, test } from 'vitest'
import { isDifferentiating, valueAndGradients } from './valueAndGradients.ts'

const f = (x: tf.Tensor): tf.Tensor => tf.sin(tf.mul(x, x))
const slope = (x: tf.Tensor): tf.Tensor => tf.mul(tf.mul(x, 2), tf.cos(tf.mul(x, x)))
const point = (): tf.Tensor => tf.tensor1d([0.3, -1.2, 2])

test('gives both, times dy, and zero for an input without effect', async () => {
  await expectNoLeak(() =>
    tf.tidy(() => {
      const [x, other, dy] = [point(), tf.scalar(3), tf.tensor1d([1, 2, -0.5])]
      const { value, gradients } = valueAndGradients((given) => f(given!), [x, other], dy)
      expectTensorsClose(value, f(x))
      expectTensorsClose(gradients[0]!, tf.mul(dy, slope(x)))
      expectTensorsClose(gradients[1]!, tf.scalar(0))
    }),
  )
})

test('inside a forward and a backward pass: neither sees the other', async () => {
  await expectNoLeak(() =>
    tf.tidy(() => {
      const x = point()
      const twice = (given: tf.Tensor): tf.Tensor =>
        tf.customGrad((v, save) => {
          expect(isDifferentiating()).toBe(true)
          const { value, gradients } = valueAndGradients((at) => f(at!), [v as tf.Tensor], tf.onesLike(v as tf.Tensor))
          ;(save as tf.GradSaveFunc)([v as tf.Tensor, gradients[0]!])
          const gradFunc = (dy: tf.Tensor, [saved, byX]: tf.Tensor[]): tf.Tensor => {
            const again = valueAndGradients((at) => f(at!), [saved!], dy).gradients[0]!
            return tf.add(tf.mul(dy, byX!), again)
          }
          return { value, gradFunc }
        })(given)
      const loss = (given: tf.Tensor): tf.Tensor => tf.sum(tf.exp(twice(tf.mul(given, 1))))
      const expected = tf.mul(tf.mul(tf.exp(f(x)), slope(x)), 2)
      expectTensorsClose(tf.grad(loss)(x), expected)
    }),
  )
  expect(isDifferentiating()).toBe(false)
})

test('an error leaves the pass under way as it was', () => {
  tf.tidy(() => {
    const x = point()
    const loss = (given: tf.Tensor): tf.Tensor => {
      expect(() =>
        valueAndGradients(
          () => {
            throw new Error('no value')
          },
          [given],
          given,
        ),
      ).toThrow('no value')
      return tf.sum(f(given))
    }
    expectTensorsClose(tf.grad(loss)(x), slope(x))
  })
})
