import * as tf from '@tensorflow/tfjs'
import { expectNoLeak, expectTensorsClose } from '@tfjs-bayes/testing'
import { describe, expect, test } from 'vitest'
import {
  ForwardPass,
  InvalidLayerArgumentError,
  posteriorSummary,
  sampleFunction,
  seededNoise,
  toBayesian,
  toDeterministic,
  type VariationalLayer,
  variationalLayers,
} from '../src/index.ts'
import { inputOf, type LayerCase, layerCases } from './operatorCases.ts'
import { normal, savedArtifacts } from './values.ts'

const exactly = { absolute: 0, relative: 0 }

function modelOf({ inputShape }: LayerCase, layer: tf.layers.Layer): tf.LayersModel {
  const input = tf.input({ shape: [...inputShape] })
  return tf.model({ inputs: input, outputs: layer.apply(input) as tf.SymbolicTensor })
}

function draw(model: tf.LayersModel, x: tf.Tensor): { readonly y: tf.Tensor; readonly kl: tf.Scalar } {
  const pass = new ForwardPass({ mode: 'sample', noise: seededNoise(7, 0) })
  return { y: model.apply(x, { pass }) as tf.Tensor, kl: pass.kl() }
}

describe.each(layerCases)('$title', (layerCase) => {
  test('is saved and loaded with predictions, draws and KL to the bit', async () => {
    await expectNoLeak(async () => {
      const model = modelOf(layerCase, layerCase.make({ estimator: 'weightSampling', centredPrior: true, trainablePrior: true }))
      const loaded = await tf.loadLayersModel(tf.io.fromMemory(await savedArtifacts(model)))
      tf.tidy(() => {
        const x = inputOf(layerCase, 3, 1)
        expectTensorsClose(loaded.predict(x) as tf.Tensor, model.predict(x) as tf.Tensor, exactly)
        const [a, b] = [draw(model, x), draw(loaded, x)]
        expectTensorsClose(b.y, a.y, exactly)
        expectTensorsClose(b.kl, a.kl, exactly)
      })
      for (const each of [model, loaded]) each.dispose()
    })
  })

  test('comes from its twin, predicts as it does, and goes back', async () => {
    await expectNoLeak(async () => {
      const twin = modelOf(layerCase, layerCase.twin({ activation: 'tanh' }))
      const bayesian = toBayesian(twin, { estimator: 'weightSampling', moped: { delta: 0.1 } })
      const back = toDeterministic(bayesian)
      tf.tidy(() => {
        const x = inputOf(layerCase, 3, 2)
        const expected = twin.predict(x) as tf.Tensor
        expectTensorsClose(bayesian.predict(x) as tf.Tensor, expected, { absolute: 1e-5 })
        expectTensorsClose(back.predict(x) as tf.Tensor, expected, exactly)
        expect(back.layers.at(-1)!.getConfig()).toEqual({
          ...layerCase.twin({ activation: 'tanh' }).getConfig(),
          ...withoutTfjsMistakes(back.layers.at(-1)!),
        })
      })
      const [summary] = (await posteriorSummary(bayesian)).layers
      expect(summary!.weights).toBe(twin.countParams())
      for (const each of [twin, bayesian, back]) each.dispose()
    })
  })

  test('gives one function, the one that a pass of weight sampling with the same seed draws', () => {
    tf.tidy(() => {
      const model = modelOf(layerCase, layerCase.make({ estimator: 'weightSampling', initialSigma: 0.3 }))
      const x = inputOf(layerCase, 3, 3)
      expectTensorsClose(sampleFunction(model, 7).predict(x) as tf.Tensor, draw(model, x).y, { absolute: 1e-5 })
    })
  })

  test('is not trained where it is not trainable, from the start or later', () => {
    const layer = layerCase.make({})
    const model = modelOf(layerCase, layer)
    expect(model.trainableWeights).toHaveLength(layer.weights.length)
    layer.trainable = false
    expect(model.trainableWeights).toHaveLength(0)
    layer.trainable = true
    expect(model.trainableWeights).toHaveLength(layer.weights.length)
    const frozen = layerCase.make({ trainable: false, centredPrior: true })
    expect(modelOf(layerCase, frozen).trainableWeights).toHaveLength(0)
    expect(frozen.getConfig()['trainable']).toBe(false)
    expect(frozen.weights).toHaveLength(3 * layerCase.weights.length)
  })

  test('takes weights at its making, and refuses those of another architecture by its name', async () => {
    const layer = layerCase.make({ name: 'mine' })
    const model = modelOf(layerCase, layer)
    const weights = layer.getWeights()
    const copy = layerCase.make({ weights })
    const artifacts = await savedArtifacts(model)
    tf.tidy(() => {
      const x = inputOf(layerCase, 2, 4)
      expectTensorsClose(modelOf(layerCase, copy).predict(x) as tf.Tensor, model.predict(x) as tf.Tensor, exactly)
      const wider = weights.map((weight) => tf.zeros([...weight.shape.slice(0, -1), weight.shape.at(-1)! + 1]))
      for (const set of [() => layer.setWeights(wider), () => layer.setWeights(weights.slice(1))]) {
        expect(set).toThrow(InvalidLayerArgumentError)
        expect(set).toThrow(
          /Layer "mine": the list of shapes of the weights is \[\[.*expected \[\[.*\]\], those of .*_mu, .*_rho/,
        )
      }
    })
    const longer = widened(artifacts)
    await expect(tf.loadLayersModel(tf.io.fromMemory(longer))).rejects.toThrow(
      /Layer "mine": the shape of \w+_mu is \[.*\]; expected \[/,
    )
  })

  test('disposes of its weights and lets nothing else behind', async () => {
    await expectNoLeak(() => {
      const model = modelOf(layerCase, layerCase.make({ estimator: 'weightSampling', centredPrior: true, trainablePrior: true }))
      tf.tidy(() => {
        draw(model, inputOf(layerCase, 2, 5))
      })
      model.dispose()
    })
  })
})

/** What tfjs writes wrongly or leaves out in configs of its layers, which ours keep right. */
function withoutTfjsMistakes(layer: tf.layers.Layer): tf.serialization.ConfigDict {
  const own = layer.getConfig()
  return Object.fromEntries(['name', 'batchInputShape', 'dtype'].map((key) => [key, own[key]!]))
}

/** The same artifacts, but for each weight one more entry in the last axis. */
function widened(artifacts: tf.io.ModelArtifacts): tf.io.ModelArtifacts {
  const weightSpecs = artifacts.weightSpecs!.map((spec) => ({
    ...spec,
    shape: [...spec.shape.slice(0, -1), spec.shape.at(-1)! + 1],
  }))
  const values = weightSpecs.reduce((sum, { shape }) => sum + tf.util.sizeFromShape(shape), 0)
  return { ...artifacts, weightSpecs, weightData: new Float32Array(values).buffer }
}

test('a model that lacks the weights of a prior that is learned says which are missing', async () => {
  const [layerCase] = layerCases
  const plain = await savedArtifacts(modelOf(layerCase!, layerCase!.make({ name: 'mine' })))
  const learned = await savedArtifacts(modelOf(layerCase!, layerCase!.make({ name: 'mine', trainablePrior: true })))
  const load = tf.loadLayersModel(
    tf.io.fromMemory({ ...learned, weightSpecs: plain.weightSpecs!, weightData: plain.weightData! }),
  )
  await expect(load).rejects.toThrow(/1 of 5 weights are not set: mine\/prior_log_scale/)
})

test('a regularizer is refused where types do not see it', () => {
  for (const { make } of layerCases) {
    const regularized = (): VariationalLayer => make({ name: 'mine', kernelRegularizer: 'l1l2' } as never)
    expect(regularized).toThrow(/Layer "mine": kernelRegularizer is "l1l2"; expected none: the prior takes its place/)
  }
})

test.each([
  [
    'kernelConstraint',
    'kernel',
    ['dense', 'conv1d with dilation', 'conv2d with dilation', 'conv2dTranspose with channels first'],
  ],
  ['depthwiseConstraint', 'kernel', ['depthwiseConv2d']],
  ['depthwiseConstraint', 'depthwise', ['separableConv2d']],
  ['pointwiseConstraint', 'kernel', ['separableConv2d']],
  ['embeddingsConstraint', 'kernel', ['embedding']],
  ['biasConstraint', 'bias', ['dense', 'conv1d with dilation', 'conv2d with dilation', 'depthwiseConv2d', 'separableConv2d']],
] as const)('%s holds the means of the %s, also after saving', async (constraint, weight, titles) => {
  for (const layerCase of layerCases.filter(({ title }) => (titles as readonly string[]).includes(title))) {
    const made = modelOf(layerCase, layerCase.make({ [constraint]: 'nonNeg' } as never))
    const loaded = await tf.loadLayersModel(tf.io.fromMemory(await savedArtifacts(made)))
    tf.tidy(() => {
      for (const model of [made, loaded]) {
        const { mu } = variationalLayers(model)[0]!.weightTensors.find(({ name }) => name === weight)!
        mu.write(normal(mu.shape as number[], 6))
        expect(mu.read().min().dataSync()[0], layerCase.title).toBeGreaterThanOrEqual(0)
      }
    })
  }
})
