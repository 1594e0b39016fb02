import * as tf from '@tensorflow/tfjs'
import { expectTensorsClose } from '@tfjs-bayes/testing'
import { expect, test } from 'vitest'
import { toBayesian } from '../conversion/toBayesian.ts'
import { InvalidLayerArgumentError, UnsupportedEstimatorError } from '../errors.ts'
import { ForwardPass } from '../forwardPass.ts'
import { seededNoise } from '../noise/seededNoise.ts'
import { variationalDense } from './variationalDense.ts'
import { variationalEmbedding } from './variationalEmbedding.ts'

test('flipout is refused by name: indices have no signs', () => {
  const make = (): unknown => variationalEmbedding({ inputDim: 3, outputDim: 2, name: 'words', estimator: 'flipout' } as never)
  expect(make).toThrow(UnsupportedEstimatorError)
  expect(make).toThrow(
    /Layer "words": estimator 'flipout' cannot work with embedding: .*indices have none\. Use another estimator/,
  )
  const model = tf.sequential({ layers: [tf.layers.embedding({ inputDim: 3, outputDim: 2, name: 'words' })] })
  expect(() => toBayesian(model, { estimator: 'flipout' })).toThrow(UnsupportedEstimatorError)
})

test('an index has one vector in a pass with weight sampling, and a new one at each place with the local trick', () => {
  tf.tidy(() => {
    const same = (estimator: 'weightSampling' | 'localReparameterization'): boolean => {
      const layer = variationalEmbedding({ inputDim: 5, outputDim: 2, estimator })
      const pass = new ForwardPass({ mode: 'sample', noise: seededNoise(1, 0) })
      const [left, right] = tf.split(layer.apply(tf.tensor2d([[3, 3]], [1, 2], 'int32'), { pass }) as tf.Tensor, 2, 1)
      return left!.equal(right!).all().dataSync()[0] === 1
    }
    expect(same('weightSampling')).toBe(true)
    expect(same('localReparameterization')).toBe(false)
  })
})

test('masks zeros as its twin does', () => {
  tf.tidy(() => {
    const x = tf.tensor2d([[0, 2, 1]], [1, 3], 'int32')
    const mask = variationalEmbedding({ inputDim: 3, outputDim: 2, maskZero: true }).computeMask(x) as tf.Tensor
    expectTensorsClose(mask.toInt(), tf.tensor2d([[0, 1, 1]], [1, 3], 'int32'))
    expect(variationalEmbedding({ inputDim: 3, outputDim: 2 }).computeMask(x)).toBeNull()
  })
})

test('an input of another length than inputLength is refused with the layer’s name', () => {
  const layer = variationalEmbedding({ inputDim: 3, outputDim: 2, inputLength: 4, name: 'words' })
  expect(() => layer.apply(tf.input({ shape: [5] }))).toThrow(InvalidLayerArgumentError)
  expect(() => layer.apply(tf.input({ shape: [5] }))).toThrow(/Layer "words": "inputLength" is 4, but received input shape/)
})

test('trains and learns in front of a dense layer, without a shape given', async () => {
  const options = { datasetSize: 6, seed: 3 }
  const model = tf.sequential({
    layers: [
      variationalEmbedding({ inputDim: 3, outputDim: 4, inputLength: 2, ...options }),
      tf.layers.flatten(),
      variationalDense({ units: 1, ...options }),
    ],
  })
  model.compile({ optimizer: tf.train.adam(0.1), loss: 'meanSquaredError' })
  const x = tf.tensor2d(
    [
      [0, 1],
      [1, 2],
      [2, 0],
      [0, 0],
      [1, 1],
      [2, 2],
    ],
    [6, 2],
    'int32',
  )
  const y = tf.tensor2d([[1], [-1], [2], [0], [1], [-2]])
  const training = model.fit(x, y, { epochs: 30, verbose: 0 })
  if (tf.getKernel('UnsortedSegmentSum', tf.getBackend()) == null) {
    // tfjs's WebAssembly backend has no gradient of look-ups.
    await expect(training).rejects.toThrow(/Kernel 'UnsortedSegmentSum' not registered for backend/)
  } else {
    const loss = (await training).history['loss'] as number[]
    expect(loss.at(-1)).toBeLessThan(0.8 * loss[0]!)
  }
  model.dispose()
  tf.dispose([x, y])
})
