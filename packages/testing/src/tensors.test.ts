import * as tf from '@tensorflow/tfjs'
import { expect, test } from 'vitest'
import { expectNoLeak } from './expectNoLeak.ts'
import { expectTensorsClose } from './expectTensorsClose.ts'
import { finiteDifference } from './finiteDifference.ts'

test('finiteDifference meets a known gradient', async () => {
  await expectNoLeak(() => {
    const x = tf.tensor2d([
      [0.5, -2],
      [3, 0],
    ])
    const slope = finiteDifference((t) => tf.mul(tf.exp(t), t), x)
    x.dataSync().forEach((v, i) => {
      expect(slope[i]).toBeCloseTo(Math.exp(v) * (1 + v), 3)
    })
    x.dispose()
  })
})

test('expectTensorsClose looks at dtype, shape, then values, and names the worst index', () => {
  tf.tidy(() => {
    const x = tf.tensor2d([
      [1, 2],
      [3, 4],
    ])
    expectTensorsClose(x, [
      [1, 2],
      [3, 4],
    ])
    expectTensorsClose(tf.scalar(Number.NEGATIVE_INFINITY), tf.scalar(Number.NEGATIVE_INFINITY))
    expect(() => expectTensorsClose(x.toInt(), x)).toThrow(/dtype: got int32, expected float32/)
    expect(() => expectTensorsClose(x, [1, 2, 3, 4])).toThrow(/shape: got \[2,2\], expected \[4\]/)
    expect(() =>
      expectTensorsClose(x, [
        [1, 2.1],
        [3.5, 4],
      ]),
    ).toThrow(/at \[1,0\]: got 3, expected 3.5/)
    expect(() => expectTensorsClose(tf.scalar(Number.NaN), tf.scalar(0))).toThrow(/got NaN/)
    expect(() => expectTensorsClose(tf.scalar(Number.NaN), tf.scalar(Number.NaN))).toThrow(/got NaN/)
  })
})

test('expectNoLeak sees a tensor left behind, and one wrongly disposed of', async () => {
  const kept: tf.Tensor[] = []
  await expect(
    expectNoLeak(() => {
      kept.push(tf.scalar(1))
    }),
  ).rejects.toThrow('1 tensors leaked')
  await expect(expectNoLeak(() => tf.dispose(kept))).rejects.toThrow('1 tensors disposed of')
})
