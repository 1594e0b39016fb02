import * as tf from '@tensorflow/tfjs'
import { expect, test } from 'vitest'
import { plainNormal } from './plainNormal.ts'
import { statelessNormal } from './statelessNormal.ts'

test('the TypeScript twin draws TensorFlow’s numbers', () => {
  for (const [key, counter] of [[5, 3], [0, 0], [-7, 2_000_000_000]] as const) {
    const native = statelessNormal([10_001], key, counter).dataSync()
    const plain = plainNormal(10_001, [key, counter])
    let worst = 0
    for (let i = 0; i < plain.length; i++) worst = Math.max(worst, Math.abs(native[i]! - plain[i]!))
    expect(worst).toBeLessThan(5e-6)
  }
  console.log(tf.getBackend(), tf.memory().numTensors)
})
