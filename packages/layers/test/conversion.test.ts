import * as tf from '@tensorflow/tfjs'
import { Normal } from '@tfjs-bayes/distributions'
import { expectNoLeak, expectTensorsClose } from '@tfjs-bayes/testing'
import { describe, expect, test } from 'vitest'
import {
  ConversionError,
  ForwardPass,
  sampleFunction,
  seededNoise,
  toBayesian,
  toDeterministic,
  VariationalLayer,
  variationalDense,
  variationalLayers,
} from '../src/index.ts'
import { normal } from './values.ts'

const exactly = { absolute: 0, relative: 0 }

/** A convolutional network with everything that can stand between: pooling, normalization, dropout, a nested model, a layer used twice, two outputs. */
function network(): tf.LayersModel {
  const input = tf.input({ shape: [6, 6, 2] })
  const conv = tf.layers
    .conv2d({ filters: 3, kernelSize: 3, activation: 'relu', name: 'conv', kernelRegularizer: 'l1l2' })
    .apply(input)
  const depthwise = tf.layers.depthwiseConv2d({ kernelSize: 2, depthMultiplier: 2, name: 'depthwise' }).apply(conv)
  const normalized = tf.layers.batchNormalization({ name: 'norm' }).apply(depthwise)
  const flat = tf.layers.flatten().apply(tf.layers.maxPooling2d({ poolSize: 2 }).apply(normalized)) as tf.SymbolicTensor
  const nested = tf.sequential({
    name: 'nested',
    layers: [
      tf.layers.dense({ units: 4, activation: 'tanh', inputShape: [flat.shape[1]!], name: 'inner' }),
      tf.layers.dropout({ rate: 0.5 }),
    ],
  })
  const shared = tf.layers.dense({ units: 4, name: 'shared', useBias: false })
  const twice = shared.apply(shared.apply(nested.apply(flat))) as tf.SymbolicTensor
  const head = (name: string): tf.SymbolicTensor => tf.layers.dense({ units: 2, name }).apply(twice) as tf.SymbolicTensor
  return tf.model({ inputs: input, outputs: [head('left'), head('right')] })
}

function sequence(): tf.Sequential {
  return tf.sequential({
    layers: [
      tf.layers.conv1d({ filters: 2, kernelSize: 2, inputShape: [5, 3], name: 'conv' }),
      tf.layers.timeDistributed({ layer: tf.layers.dense({ units: 3, name: 'step' }), name: 'steps' }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 1, name: 'last' }),
    ],
  })
}

const predictions = (model: tf.LayersModel, x: tf.Tensor): tf.Tensor[] => [model.predict(x)].flat()

describe('toBayesian', () => {
  test('keeps the predictions at the mean, whatever stands between, and toDeterministic gives them back', async () => {
    for (const [make, shape] of [[network, [2, 6, 6, 2]] as const, [sequence, [2, 5, 3]] as const]) {
      await expectNoLeak(() => {
        const model = make()
        const bayesian = toBayesian(model, { estimator: 'flipout', prior: new Normal({ mu: 0, sigma: 0.3 }) })
        const back = toDeterministic(bayesian)
        tf.tidy(() => {
          const x = normal(shape, 1)
          const expected = predictions(model, x)
          for (const other of [bayesian, back]) {
            predictions(other, x).forEach((y, i) => {
              expectTensorsClose(y, expected[i]!, { absolute: 1e-5 })
            })
          }
        })
        expect(variationalLayers(back)).toEqual([])
        expect(back.constructor).toBe(model.constructor)
        // Not model.dispose(): tfjs keeps the weights of a layer that stands in a model twice.
        for (const each of [model, bayesian, back]) for (const weight of each.weights) weight.dispose()
      })
    }
  })

  test('makes every layer Bayesian that can be, with the options given', () => {
    const layers = variationalLayers(
      toBayesian(network(), { estimator: 'weightSampling', kl: 'monteCarlo', initialSigma: 0.2, seed: 5 }),
    )
    expect(layers.map((layer) => layer.name)).toEqual(['conv', 'depthwise', 'inner', 'shared', 'left', 'right'])
    expect(layers.map((layer) => layer.getClassName()).slice(0, 3)).toEqual([
      'VariationalConv2D',
      'VariationalDepthwiseConv2D',
      'VariationalDense',
    ])
    expect(new Set(layers.map((layer) => layer.seed)).size).toBe(6)
    for (const layer of layers) {
      expect(layer.klMethod).toBe('monteCarlo')
      tf.tidy(() => {
        expect((layer.posterior().kernel.sigma as tf.Tensor).mean().dataSync()[0]).toBeCloseTo(0.2, 5)
      })
    }
  })

  test('takes the last layer, or those that a function picks', () => {
    const names = (layers: Parameters<typeof toBayesian>[1]): string[] =>
      variationalLayers(toBayesian(sequence(), layers)).map((layer) => layer.name)
    expect(names({ layers: 'last' })).toEqual(['last'])
    expect(names({ layers: (layer) => layer.name === 'step' })).toEqual(['step'])
  })

  test('starts from sigma = delta |w| with MOPED', () => {
    tf.tidy(() => {
      const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [2] })] })
      model.setWeights([tf.tensor2d([0.5, -2, 1e-6, 30], [2, 2]), tf.zeros([2])])
      const [layer] = variationalLayers(toBayesian(model, { moped: { delta: 0.1 } }))
      const { kernel, bias } = layer!.posterior()
      expectTensorsClose(kernel.sigma as tf.Tensor, tf.tensor2d([0.05, 0.2, 1e-4, 3], [2, 2]))
      expectTensorsClose(bias!.sigma as tf.Tensor, tf.fill([2], 1e-4))
      expectTensorsClose(kernel.mu as tf.Tensor, model.getWeights()[0]!, exactly)
    })
  })

  test('leaves the model as it was', () => {
    tf.tidy(() => {
      const model = sequence()
      const before = model.getWeights().map((weight) => weight.clone())
      const bayesian = toBayesian(model)
      for (const weight of bayesian.weights) weight.write(tf.onesLike(weight.read()))
      model.getWeights().forEach((weight, i) => {
        expectTensorsClose(weight, before[i]!, exactly)
      })
    })
  })

  test('can be trained, saved and loaded', async () => {
    const bayesian = toBayesian(sequence(), { layers: 'last', datasetSize: 8, seed: 1 })
    bayesian.getLayer('conv').trainable = false
    bayesian.compile({ optimizer: tf.train.adam(0.1), loss: 'meanSquaredError' })
    const [x, y] = [normal([8, 5, 3], 2), normal([8, 1], 3)]
    const { history } = await bayesian.fit(x, y, { epochs: 15, verbose: 0 })
    expect((history['loss'] as number[]).at(-1)).toBeLessThan((history['loss'] as number[])[0]!)
    let artifacts: tf.io.ModelArtifacts | undefined
    await bayesian.save(
      tf.io.withSaveHandler(async (given) => {
        artifacts = given
        return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } }
      }),
    )
    const loaded = await tf.loadLayersModel(tf.io.fromMemory(artifacts!))
    tf.tidy(() => {
      expectTensorsClose(predictions(loaded, x)[0]!, predictions(bayesian, x)[0]!, exactly)
    })
    tf.dispose([x, y])
  })

  test('keeps the weights of wrapped recurrent layers, which keep them apart from the layer that they were made of', async () => {
    await expectNoLeak(() => {
      const model = tf.sequential({
        layers: [
          tf.layers.bidirectional({ layer: tf.layers.lstm({ units: 2 }) as tf.RNN, mergeMode: 'concat', inputShape: [4, 3] }),
          tf.layers.dense({ units: 2 }),
        ],
      })
      const bayesian = toBayesian(model)
      const back = toDeterministic(bayesian)
      tf.tidy(() => {
        const x = normal([2, 4, 3], 5)
        for (const other of [bayesian, back]) {
          expectTensorsClose(predictions(other, x)[0]!, predictions(model, x)[0]!, { absolute: 1e-6 })
        }
      })
      for (const each of [model, bayesian, back]) for (const weight of each.weights) weight.dispose()
    })
  })

  test('keeps layers that are not trained so', () => {
    const model = sequence()
    model.getLayer('conv').trainable = false
    const [conv, , last] = variationalLayers(toBayesian(model))
    expect([conv!.trainable, last!.trainable]).toEqual([false, true])
  })

  test('refuses a layer that stands in two models at once: the copy would have two, each with a KL', () => {
    const shared = tf.layers.dense({ units: 2, name: 'shared' })
    const [inner, outer] = [tf.input({ shape: [2] }), tf.input({ shape: [2] })]
    const nested = tf.model({ name: 'nested', inputs: inner, outputs: shared.apply(inner) as tf.SymbolicTensor })
    const both = [shared.apply(outer), nested.apply(outer)] as tf.SymbolicTensor[]
    const model = tf.model({ name: 'whole', inputs: outer, outputs: tf.layers.add().apply(both) as tf.SymbolicTensor })
    expect(() => toBayesian(model)).toThrow(ConversionError)
    expect(() => toBayesian(model)).toThrow(/layer "shared" stands in "whole" and "nested"/)
    // A nested model that is used twice is one layer.
    const siamese = tf.layers.add().apply([nested.apply(outer), nested.apply(outer)] as tf.SymbolicTensor[]) as tf.SymbolicTensor
    expect(variationalLayers(toBayesian(tf.model({ inputs: outer, outputs: siamese }))).map(({ name }) => name)).toEqual([
      'shared',
    ])
  })

  test('names what it cannot convert', () => {
    const pooled = tf.sequential({ name: 'pooled', layers: [tf.layers.flatten({ inputShape: [2, 2], name: 'flat' })] })
    expect(() => toBayesian(pooled)).toThrow(ConversionError)
    expect(() => toBayesian(pooled)).toThrow(
      /no layer becomes Bayesian\. The model has flat \(Flatten\); pick some of Dense, Conv1D/,
    )
    expect(() => toBayesian(network(), { layers: (layer) => layer.name === 'norm' })).toThrow(
      /layer "norm" is a BatchNormalization, which has no Bayesian counterpart/,
    )
    expect(() => toBayesian(sequence(), { moped: { delta: 0 } })).toThrow(/moped\.delta is 0; expected a finite number > 0/)
    expect(() => toBayesian(sequence(), { layers: 'first' as 'last' })).toThrow(
      /layers is "first"; expected 'all', 'last' or a function/,
    )
    expect(() => toBayesian(toBayesian(sequence()), { layers: ({ name }) => name === 'step' })).toThrow(
      /layer "step" is a VariationalDense already\. .*toDeterministic/,
    )
    expect(() =>
      toBayesian(tf.sequential({ layers: [tf.layers.embedding({ inputDim: 3, outputDim: 2, name: 'words' })] }), {
        estimator: 'flipout',
      }),
    ).toThrow(
      /Layer "words": estimator 'flipout' cannot work with embedding: flipout turns its inputs by signs, and indices have none/,
    )
    const dilated = tf.sequential({
      layers: [tf.layers.depthwiseConv2d({ kernelSize: 2, dilationRate: 2, inputShape: [4, 4, 1], name: 'wide' })],
    })
    expect(() => toBayesian(dilated)).toThrow(/Layer "wide": dilationRate is \[2,2\]; expected 1/)
  })
})

describe('sampleFunction', () => {
  const bayesian = (): tf.Sequential =>
    tf.sequential({
      layers: [
        variationalDense({ units: 6, activation: 'tanh', inputShape: [1], estimator: 'weightSampling', initialSigma: 0.3 }),
        variationalDense({ units: 1, estimator: 'weightSampling', initialSigma: 0.3 }),
      ],
    })

  test('is the function that a pass of weight sampling with the same seed draws', async () => {
    const model = bayesian()
    await expectNoLeak(() => {
      const drawn = sampleFunction(model, 7)
      tf.tidy(() => {
        const x = normal([5, 1], 1)
        const pass = new ForwardPass({ mode: 'sample', noise: seededNoise(7, 0) })
        expectTensorsClose(drawn.predict(x) as tf.Tensor, model.apply(x, { pass }) as tf.Tensor)
      })
      drawn.dispose()
    })
  })

  test('is deterministic, holds for all rows and calls, and differs by seed', () => {
    tf.tidy(() => {
      const model = toBayesian(toDeterministic(bayesian()), { initialSigma: 0.3 })
      expect(variationalLayers(model)[0]!.estimator).toBe('localReparameterization')
      const x = tf.fill([4, 1], 0.7)
      const [one, again, other] = [7, 7, 8].map((seed) => sampleFunction(model, seed).predict(x) as tf.Tensor)
      expectTensorsClose(one!, again!, exactly)
      expect(tf.moments(one!).variance.dataSync()[0]).toBe(0)
      expect(one!.equal(other!).any().dataSync()[0]).toBe(0)
    })
  })

  test('is one function through convolutions, nested models and shared layers, and does not depend on the estimator', () => {
    tf.tidy(() => {
      const trained = network()
      const image = normal([1, 6, 6, 2], 4)
      const twins = tf.concat([image, image])
      const functions = (['weightSampling', 'localReparameterization', 'flipout'] as const).map((estimator) => {
        const model = toBayesian(trained, { estimator, initialSigma: 0.2 })
        const pass = new ForwardPass({ mode: 'sample', noise: seededNoise(7, 0) })
        const drawn = sampleFunction(model, 7)
        expect(variationalLayers(drawn)).toEqual([])
        if (estimator === 'weightSampling') {
          predictions(drawn, twins).forEach((y, i) => {
            expectTensorsClose(y, (model.apply(twins, { pass }) as tf.Tensor[])[i]!, { absolute: 1e-5 })
          })
        }
        return predictions(drawn, twins)
      })
      functions[0]!.forEach((y, i) => {
        const [one, two] = tf.split(y, 2)
        expectTensorsClose(one!, two!, { absolute: 1e-6 })
        for (const other of functions.slice(1)) expectTensorsClose(other[i]!, y, exactly)
        expect(y.sub(predictions(trained, twins)[i]!).abs().max().dataSync()[0]).toBeGreaterThan(0.01)
      })
    })
  })

  test('has no layer left that draws', () => {
    const layers = sampleFunction(bayesian(), 1).layers
    expect(layers.some((layer) => layer instanceof VariationalLayer)).toBe(false)
  })
})
