import * as tf from '@tensorflow/tfjs'
import type { Normal } from '@tfjs-bayes/distributions'
import { ForwardPass, variationalLayers } from '@tfjs-bayes/layers'
import { expect, test } from 'vitest'
import { buildModel } from './buildModel.ts'
import { CONTESTANTS } from './contestants.ts'

const shape = { hidden: 12, seed: 3 }

/** Kernels of the mean weights, layer after layer. */
function meanKernels(model: tf.LayersModel): Float32Array[] {
  return model.layers.map((layer) => layer.getWeights()[0]!.dataSync() as Float32Array)
}

test('all four start from the same weights, which follow from the seed', () => {
  const models = CONTESTANTS.map((contestant) => buildModel(contestant, shape))
  const other = buildModel(CONTESTANTS[0]!, { ...shape, seed: 4 })
  const [first, ...rest] = models.map(meanKernels)
  for (const kernels of rest) expect(kernels).toEqual(first)
  meanKernels(other).forEach((kernel, i) => {
    expect(kernel).not.toEqual(first![i])
  })
  for (const model of [...models, other]) model.dispose()
})

test('the layers are 784-hidden-hidden-10, with logits at the end, and those after the first do not repeat its weights', () => {
  for (const contestant of CONTESTANTS) {
    const model = buildModel(contestant, { hidden: 784, seed: 1 })
    expect(model.inputs[0]!.shape).toEqual([null, 784])
    expect(model.layers.map((layer) => (layer.outputShape as tf.Shape)[1])).toEqual([784, 784, 10])
    expect(model.layers.map((layer) => layer.getConfig()['activation'])).toEqual(['relu', 'relu', 'linear'])
    const [first, second] = meanKernels(model)
    expect(second).not.toEqual(first)
    model.dispose()
  }
})

test('the posterior starts at sigma = softplus(-4), and the prior is N(0, 0.1^2)', () => {
  for (const contestant of CONTESTANTS.filter((one) => one.estimation !== null)) {
    const model = buildModel(contestant, shape)
    const layers = variationalLayers(model)
    expect(layers).toHaveLength(3)
    for (const layer of layers) {
      expect(layer.estimator).toBe(contestant.estimation!.estimator)
      expect(layer.klMethod).toBe(contestant.estimation!.kl)
      expect([(layer.prior as Normal).mu, (layer.prior as Normal).sigma]).toEqual([0, 0.1])
      tf.tidy(() => {
        for (const sigma of (layer.posterior().kernel.sigma as tf.Tensor).dataSync()) expect(sigma).toBeCloseTo(0.0181499, 6)
      })
    }
    model.dispose()
  }
})

test('with the means for weights the Bayesian networks are the deterministic one', () => {
  const models = CONTESTANTS.map((contestant) => buildModel(contestant, shape))
  const [expected, ...others] = models.toReversed().map((model) =>
    tf.tidy(() => {
      const x = tf.linspace(0, 1, 2 * 784).reshape([2, 784])
      return [...(model.apply(x, { pass: new ForwardPass({ mode: 'mean' }) }) as tf.Tensor).dataSync()]
    }),
  )
  for (const outputs of others) for (const [i, value] of outputs.entries()) expect(value).toBeCloseTo(expected![i]!, 4)
  for (const model of models) model.dispose()
})
