import * as tf from '@tensorflow/tfjs'
import { closedKl } from '@tfjs-bayes/distributions'
import { expectNoLeak, expectTensorsClose } from '@tfjs-bayes/testing'
import { describe, expect, test } from 'vitest'
import {
  type EstimatorName,
  ForwardPass,
  seededNoise,
  type VariationalLayer,
  variationalDense,
  variationalLayers,
} from '../src/index.ts'
import { normal, savedArtifacts } from './values.ts'

const DATASET = 50

/**
 * Two inputs go through one layer and, both, through one nested model; two outputs. Four Bayesian layers, two of them at two places. (A layer that
 * stands within a nested model and beside it trains, but tfjs cannot load such a model, whatever the layer.)
 */
function network(estimator: EstimatorName, datasetSize: number | undefined = DATASET): tf.LayersModel {
  let seed = 0
  const layer = (units: number, name: string): VariationalLayer =>
    variationalDense({ units, name, estimator, useBias: false, seed: seed++, ...(datasetSize && { datasetSize }) })
  const shared = layer(3, 'shared')
  const inner = tf.input({ shape: [3] })
  const nested = tf.model({
    name: 'nested',
    inputs: inner,
    outputs: layer(3, 'inner').apply(inner) as tf.SymbolicTensor,
  })
  const [left, right] = [tf.input({ shape: [3], name: 'left' }), tf.input({ shape: [3], name: 'right' })]
  const features = [nested.apply(left), nested.apply(right), shared.apply(left), shared.apply(right)] as tf.SymbolicTensor[]
  const joined = tf.layers.concatenate().apply(features)
  const outputs = [layer(2, 'mean').apply(joined), layer(1, 'other').apply(joined)] as tf.SymbolicTensor[]
  return tf.model({ inputs: [left, right], outputs })
}

const layerNames = (model: tf.LayersModel): string[] => variationalLayers(model).map(({ name }) => name)

function totalKl(model: tf.LayersModel): tf.Tensor {
  return tf.addN(variationalLayers(model).map((layer) => closedKl(layer.posterior().kernel, layer.prior).sum()))
}

describe.each(['localReparameterization', 'weightSampling', 'flipout'] as const)(
  'a model of two inputs, two outputs, shared and nested layers with %s',
  (estimator) => {
    test('counts the KL of each layer once in the loss of model.fit', async () => {
      const model = network(estimator)
      expect(layerNames(model).sort()).toEqual(['inner', 'mean', 'other', 'shared'])
      model.compile({ optimizer: tf.train.sgd(0), loss: 'meanSquaredError' })
      // Zero inputs and no bias: the squared errors are 0, and what is left of the loss is the KL.
      const zeros = [3, 3, 2, 1].map((size) => tf.zeros([8, size]))
      const { history } = await model.fit(zeros.slice(0, 2), zeros.slice(2), { epochs: 2, batchSize: 4, verbose: 0 })
      const expected = tf.tidy(() => totalKl(model).div(DATASET).dataSync()[0]!)
      for (const loss of history['loss'] as number[]) expect(loss / expected).toBeCloseTo(1, 4)
      tf.dispose(zeros)
    })

    test('counts it once in a pass', () => {
      tf.tidy(() => {
        const model = network(estimator)
        const pass = new ForwardPass({ mode: 'sample', noise: seededNoise(1, 0) })
        model.apply([normal([4, 3], 1), normal([4, 3], 2)], { pass })
        expectTensorsClose(pass.kl(), totalKl(model), { relative: 1e-5 })
      })
    })

    test('learns, evaluates, predicts, is saved and loaded, and leaves nothing behind', async () => {
      const x = [normal([64, 3], 1), normal([64, 3], 2)]
      const y = tf.tidy(() => [x[0]!.slice([0, 0], [64, 2]).add(x[1]!.slice([0, 0], [64, 2])), x[0]!.sum(1, true)])
      await expectNoLeak(async () => {
        const model = network(estimator, 5000)
        model.compile({ optimizer: tf.train.adam(0.02), loss: 'meanSquaredError' })
        const { history } = await model.fit(x, y, { epochs: 15, batchSize: 16, verbose: 0 })
        const losses = history['loss'] as number[]
        expect(losses.at(-1)).toBeLessThan(0.8 * losses[0]!)
        const loaded = await tf.loadLayersModel(tf.io.fromMemory(await savedArtifacts(model)))
        expect(layerNames(loaded)).toEqual(layerNames(model))
        tf.tidy(() => {
          const [evaluated] = model.evaluate(x, y) as tf.Scalar[]
          expect(evaluated!.dataSync()[0]).toBeLessThan(losses[0]!)
          const predictions = model.predict(x) as tf.Tensor[]
          expect(predictions.map(({ shape }) => shape)).toEqual([
            [64, 2],
            [64, 1],
          ])
          ;(loaded.predict(x) as tf.Tensor[]).forEach((prediction, i) => {
            expectTensorsClose(prediction, predictions[i]!, { absolute: 0, relative: 0 })
          })
        })
        model.optimizer.dispose()
        // Not model.dispose(): tfjs keeps the weights of a layer that stands in a model twice.
        for (const each of [model, loaded]) for (const weight of each.weights) weight.dispose()
      })
      tf.dispose([...x, ...y])
    })
  },
)

test('a frozen layer of such a model keeps its posterior, and its KL stays in the loss', async () => {
  const model = network('localReparameterization')
  const shared = variationalLayers(model).find(({ name }) => name === 'shared')!
  shared.trainable = false
  model.compile({ optimizer: tf.train.sgd(0.1), loss: 'meanSquaredError' })
  const before = shared.weights.map((weight) => weight.read().dataSync().slice())
  const moving = variationalLayers(model)
    .filter((layer) => layer !== shared)
    .map((layer) => layer.kernelMu.read().dataSync().slice())
  const [x, y] = [
    [tf.ones([4, 3]), tf.ones([4, 3])],
    [tf.ones([4, 2]), tf.ones([4, 1])],
  ]
  const kl = tf.tidy(() => totalKl(model).div(DATASET).dataSync()[0]!)
  const [loss, first, second] = (await model.trainOnBatch(x, y)) as number[]
  expect(loss).toBeCloseTo(first! + second! + kl, 4)
  expect(shared.weights.map((weight) => weight.read().dataSync())).toEqual(before)
  expect(
    variationalLayers(model)
      .filter((layer) => layer !== shared)
      .map((layer) => layer.kernelMu.read().dataSync()),
  ).not.toEqual(moving)
})
