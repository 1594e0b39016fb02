import * as tf from '@tensorflow/tfjs'
import { expectTensorsClose } from '@tfjs-bayes/testing'
import { expect, test } from 'vitest'
import { type Convolution, channelsLast, dilate } from './convolution.ts'

test('dilate puts zeros between the taps, and only there', () => {
  tf.tidy(() => {
    const kernel = tf.tensor([1, 2, 3, 4], [2, 2, 1, 1])
    expectTensorsClose(dilate(kernel, [3, 2]).squeeze(), [
      [1, 0, 2],
      [0, 0, 0],
      [0, 0, 0],
      [3, 0, 4],
    ])
    expect(dilate(kernel, [1, 1])).toBe(kernel)
  })
})

test('a dilated kernel in an ordinary convolution is tfjs’s dilated convolution', () => {
  tf.tidy(() => {
    const x = tf.randomNormal([2, 7, 6, 3], 0, 1, 'float32', 1) as tf.Tensor4D
    const kernel = tf.randomNormal([2, 3, 3, 4], 0, 1, 'float32', 2) as tf.Tensor4D
    for (const padding of ['valid', 'same'] as const) {
      const expected = tf.conv2d(x, kernel, 1, padding, 'NHWC', [3, 2])
      expectTensorsClose(tf.conv2d(x, dilate(kernel, [3, 2]) as tf.Tensor4D, 1, padding), expected, { absolute: 1e-5 })
    }
  })
})

test('channelsLast moves the channels there and back, for any number of axes', () => {
  tf.tidy(() => {
    const first = { dataFormat: 'channelsFirst' } as Convolution
    for (const shape of [
      [2, 3, 4],
      [2, 3, 4, 5],
      [0, 3, 4, 5],
    ]) {
      const x = tf.range(0, tf.util.sizeFromShape(shape)).reshape(shape)
      const seen: number[][] = []
      const same = channelsLast(first, x, (last) => {
        seen.push(last.shape)
        return last
      })
      expectTensorsClose(same, x)
      expect(seen).toEqual([[shape[0], ...shape.slice(2), 3]])
    }
  })
})
