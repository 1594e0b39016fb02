import * as tf from '@tensorflow/tfjs'
import { expectTensorsClose } from '@tfjs-bayes/testing'
import { expect, test } from 'vitest'
import { type Convolution, channelsLast, convolvedSizes, dilate } from './convolution.ts'

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
    ]) {
      const x = tf.range(0, tf.util.sizeFromShape(shape)).reshape(shape)
      const seen: number[][] = []
      const convolve = (last: tf.Tensor): tf.Tensor => {
        seen.push(last.shape)
        return last
      }
      expectTensorsClose(channelsLast(first, x, { convolve, shapeOf: () => [] }), x)
      expect(seen).toEqual([[shape[0], ...shape.slice(2), 3]])
    }
  })
})

test('channelsLast makes the output of an empty batch by itself', () => {
  tf.tidy(() => {
    const convolve = (): tf.Tensor => {
      throw new Error('an empty batch reached the backend')
    }
    const shapeOf = ([height, width, channels]: readonly number[]): number[] => [height! - 1, width! - 2, channels! + 3]
    const run = (dataFormat: Convolution['dataFormat'], shape: number[]): number[] =>
      channelsLast({ dataFormat } as Convolution, tf.zeros(shape), { convolve, shapeOf }).shape
    expect(run('channelsLast', [0, 5, 6, 2])).toEqual([0, 4, 4, 5])
    expect(run('channelsFirst', [0, 2, 5, 6])).toEqual([0, 5, 4, 4])
  })
})

test('convolvedSizes are those of tfjs', () => {
  tf.tidy(() => {
    for (const padding of ['valid', 'same'] as const) {
      for (const [strides, dilationRate] of [
        [1, 1],
        [2, 1],
        [3, 1],
        [1, 2],
        [1, 3],
      ] as const) {
        for (const size of [7, 8, 9]) {
          const convolution = {
            kernelSize: [3],
            strides: [strides],
            dilationRate: [dilationRate],
            padding,
          } as unknown as Convolution
          const y = tf.conv1d(tf.ones([1, size, 1]) as tf.Tensor3D, tf.ones([3, 1, 1]), strides, padding, 'NWC', dilationRate)
          expect(convolvedSizes(convolution, [size])).toEqual([y.shape[1]])
        }
      }
    }
  })
})
