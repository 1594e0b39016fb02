import * as tf from '@tensorflow/tfjs'
import { expectNoLeak } from '@tfjs-bayes/testing'
import { expect, test } from 'vitest'
import { BestEpoch } from './bestEpoch.ts'

test('the weights of the best epoch come back, whatever came after', async () => {
  await expectNoLeak(async () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2], useBias: false })] })
    const set = (value: number): void => tf.tidy(() => model.setWeights([tf.fill([2, 1], value)]))
    const best = new BestEpoch(model)
    expect(best.epoch).toBeNull()
    for (const [epoch, score] of [
      [1, -3],
      [2, -1],
      [3, -2],
      [4, Number.NaN],
      [5, -1],
    ] as const) {
      set(epoch)
      await best.offer(epoch, score)
    }
    best.restore()
    expect(best.epoch).toBe(2)
    expect([...model.getWeights()[0]!.dataSync()]).toEqual([2, 2])
    model.dispose()
  })
})

test('before the first epoch there is nothing to restore', () => {
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1], kernelInitializer: 'ones' })] })
  new BestEpoch(model).restore()
  expect(model.getWeights()[0]!.dataSync()[0]).toBe(1)
  model.dispose()
})
