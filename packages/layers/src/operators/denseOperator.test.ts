import * as tf from '@tensorflow/tfjs'
import { denseCase, expectNoLeak, expectTensorsClose } from '@tfjs-bayes/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { denseOperator } from './denseOperator.ts'

test('is the matrix product over the last axis, plus the bias', async () => {
  await expectNoLeak(() => {
    fc.assert(
      fc.property(denseCase(), fc.boolean(), ({ batch, inputs, units, seed }, useBias) =>
        tf.tidy(() => {
          const operator = denseOperator(units)
          const x = tf.randomNormal([batch, 2, inputs], 0, 1, 'float32', seed)
          const kernel = tf.randomNormal(operator.kernelShape([null, 2, inputs]), 0, 1, 'float32', seed + 1)
          const bias = tf.randomNormal(operator.biasShape([null, 2, inputs]), 0, 1, 'float32', seed + 2)
          const twin = x.expandDims(-1).mul(kernel).sum(-2)
          expectTensorsClose(operator.apply(x, kernel, useBias ? bias : undefined), useBias ? twin.add(bias) : twin, {
            absolute: 1e-5,
          })
        }),
      ),
    )
  })
})

test('takes an empty batch of any rank', () => {
  tf.tidy(() => {
    expect(denseOperator(3).apply(tf.zeros([0, 4]), tf.zeros([4, 3])).shape).toEqual([0, 3])
    expect(denseOperator(3).apply(tf.zeros([0, 2, 4]), tf.zeros([4, 3]), tf.zeros([3])).shape).toEqual([0, 2, 3])
  })
})
