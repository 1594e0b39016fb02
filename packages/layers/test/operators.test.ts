import * as tf from '@tensorflow/tfjs'
import { describe, expect, test } from 'vitest'
import { layerCases } from './operatorCases.ts'

describe.each(layerCases)('$title', (operator) => {
  test.each(operator.shapes)('infers the symbolic shape %j -> %j, as its twin does', (input, output) => {
    const layer = operator.make({})
    expect(layer.computeOutputShape([...input])).toEqual(output)
    expect(operator.twin({}).computeOutputShape([...input])).toEqual(output)
    const symbolic = layer.apply(new tf.SymbolicTensor('float32', [...input], null as never, [], {})) as tf.SymbolicTensor
    expect(symbolic.shape).toEqual(output)
  })

  test('survives the round trip through its config', () => {
    const layer = operator.make({
      estimator: 'weightSampling',
      kl: 'monteCarlo',
      activation: 'relu',
      datasetSize: 10,
      seed: 5,
      initialSigma: 0.2,
      inferenceMode: 'sample',
      name: 'named',
    })
    const LayerClass = layer.constructor as tf.serialization.SerializableConstructor<typeof layer>
    const config = layer.getConfig()
    expect(LayerClass.fromConfig!(LayerClass, structuredClone(config)).getConfig()).toEqual(config)
    // As tfjs stores it: through JSON.
    expect(LayerClass.fromConfig!(LayerClass, JSON.parse(JSON.stringify(config))).getConfig()).toEqual(config)
  })

  test('holds mu and rho of kernel and bias in the twin’s shapes, and disposes of them', () => {
    const layer = operator.make({ initialSigma: 0.3 })
    const twin = operator.twin({})
    const before = tf.memory().numTensors
    layer.apply(tf.input({ shape: [...operator.inputShape] }))
    twin.apply(tf.input({ shape: [...operator.inputShape] }))
    expect(layer.weights.map((weight) => weight.originalName.split('/').at(-1))).toEqual(
      operator.weights.flatMap((name) => [`${name}_mu`, `${name}_rho`]),
    )
    expect(layer.weights.map((weight) => weight.shape)).toEqual(twin.weights.flatMap(({ shape }) => [shape, shape]))
    tf.tidy(() => {
      const { kernel: posterior } = layer.posterior()
      expect((posterior.sigma as tf.Tensor).max().dataSync()[0]).toBeCloseTo(0.3, 6)
      expect((posterior.sigma as tf.Tensor).min().dataSync()[0]).toBeCloseTo(0.3, 6)
    })
    twin.dispose()
    layer.dispose()
    expect(tf.memory().numTensors).toBe(before)
  })
})
