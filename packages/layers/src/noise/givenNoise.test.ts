import * as tf from '@tensorflow/tfjs'
import { expectNoLeak, expectTensorsClose } from '@tfjs-bayes/testing'
import { expect, test } from 'vitest'
import { NoiseError } from '../errors.ts'
import { givenNoise } from './givenNoise.ts'

test('hands out copies of the tensors by stream', async () => {
  const [a, b] = [tf.tensor1d([1, 2]), tf.tensor2d([[3]])]
  await expectNoLeak(() => {
    const source = givenNoise([a, b])
    const copy = source([1, 1], 1)
    expectTensorsClose(copy, b)
    copy.dispose()
    expect(b.isDisposed).toBe(false)
  })
  tf.dispose([a, b])
})

test('names a missing stream and a wrong shape', () => {
  tf.tidy(() => {
    const source = givenNoise([tf.zeros([2, 3])])
    expect(() => source([2, 3], 1)).toThrow(NoiseError)
    expect(() => source([2, 3], 1)).toThrow(/stream 1 .*\[2,3\].*1 were given/)
    expect(() => source([3, 2], 0)).toThrow(/stream 0 has shape \[2,3\].*asks for \[3,2\]/)
  })
})
