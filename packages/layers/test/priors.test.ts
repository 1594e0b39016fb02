import * as tf from '@tensorflow/tfjs'
import { closedKl, inverseSoftplus, Laplace, Normal, NormalScaleMixture, StudentT } from '@tfjs-bayes/distributions'
import { expectNoLeak, expectTensorsClose, finiteDifference } from '@tfjs-bayes/testing'
import { describe, expect, test } from 'vitest'
import {
  ForwardPass,
  InvalidLayerArgumentError,
  posteriorSummary,
  seededNoise,
  toBayesian,
  toDeterministic,
  type VariationalDense,
  type VariationalDenseArgs,
  variationalDense,
  variationalLayers,
} from '../src/index.ts'
import { normal } from './values.ts'

const exactly = { absolute: 0, relative: 0 }

function layerOf(options: Partial<VariationalDenseArgs>): VariationalDense {
  const layer = variationalDense({ units: 2, seed: 1, ...options } as VariationalDenseArgs)
  layer.apply(tf.input({ shape: [3] }))
  return layer
}

function klOf(layer: VariationalDense, mode: 'mean' | 'sample' = 'sample'): tf.Scalar {
  return layer.kl(new ForwardPass({ mode, noise: seededNoise(5, 0) }))
}

function names(layer: tf.layers.Layer): (string | undefined)[] {
  return layer.weights.map((weight) => weight.originalName.split('/').at(-1))
}

describe('a trainable prior', () => {
  test('is a weight of the layer, which starts at the given prior', () => {
    tf.tidy(() => {
      const layer = layerOf({ trainablePrior: true, prior: new Normal({ mu: 0.2, sigma: 0.3 }) })
      expect(names(layer)).toEqual(['kernel_mu', 'kernel_rho', 'bias_mu', 'bias_rho', 'prior_log_scale'])
      expect(layer.trainableWeights).toHaveLength(5)
      expect(layer.priorLogScale!.shape).toEqual([])
      const fixed = layerOf({ prior: new Normal({ mu: 0.2, sigma: 0.3 }) })
      fixed.setWeights(layer.getWeights().slice(0, 4))
      expectTensorsClose(klOf(layer), klOf(fixed))
      expect(fixed.priorLogScale).toBeUndefined()
    })
  })

  test.each([
    [new Normal({ mu: 0.1, sigma: 0.3 }), new Normal({ mu: 0.1, sigma: 0.3 * Math.exp(0.7) })],
    [new Laplace({ mu: 0, scale: 0.3 }), new Laplace({ mu: 0, scale: 0.3 * Math.exp(0.7) })],
    [new StudentT({ df: 3, mu: 0, scale: 0.3 }), new StudentT({ df: 3, mu: 0, scale: 0.3 * Math.exp(0.7) })],
    [
      new NormalScaleMixture({ weights: [0.25, 0.75], sigmas: [0.1, 1] }),
      new NormalScaleMixture({ weights: [0.25, 0.75], sigmas: [0.1 * Math.exp(0.7), Math.exp(0.7)] }),
    ],
  ])('stretches every scale of the family by exp(prior_log_scale), about its centre: %#', (prior, stretched) => {
    tf.tidy(() => {
      const [layer, fixed] = [
        layerOf({ trainablePrior: true, prior, kl: 'monteCarlo' }),
        layerOf({ prior: stretched, kl: 'monteCarlo' }),
      ]
      fixed.setWeights(layer.getWeights().slice(0, 4))
      layer.priorLogScale!.write(tf.scalar(0.7))
      expectTensorsClose(klOf(layer), klOf(fixed), { relative: 1e-4 })
    })
  })

  test('learns the scale that maximizes the evidence bound: the root mean square of the weights under the posterior', () => {
    const layer = layerOf({ trainablePrior: true, initialSigma: 0.2, prior: new Normal({ mu: 0, sigma: 5 }) })
    const scale = layer.priorLogScale!.read() as tf.Variable
    const optimizer = tf.train.adam(0.1)
    for (let step = 0; step < 300; step++) optimizer.minimize(() => klOf(layer), false, [scale])
    tf.tidy(() => {
      const { kernel, bias } = layer.posterior()
      const second = [kernel, bias!].map(({ mu, sigma }) => tf.square(mu).add(tf.square(sigma)).flatten())
      const best = tf.concat(second).mean().sqrt()
      expectTensorsClose(layer.priorLogScale!.read().exp().mul(5), best, { relative: 1e-3 })
    })
    optimizer.dispose()
  })

  test('has the gradient of the KL, by finite differences', () => {
    tf.tidy(() => {
      for (const kl of [undefined, 'monteCarlo'] as const) {
        const layer = layerOf({ trainablePrior: true, kl, prior: new Laplace({ mu: 0, scale: 0.4 }) })
        const scale = layer.priorLogScale!.read() as tf.Variable
        const { grads } = tf.variableGrads(() => klOf(layer), [scale])
        const numeric = finiteDifference((value) => {
          layer.priorLogScale!.write(value)
          return klOf(layer)
        }, tf.scalar(0))
        expectTensorsClose(grads[scale.name]!, tf.scalar(numeric[0]!), { absolute: 1e-2, relative: 1e-2 })
      }
    })
  })
})

describe('a centred prior', () => {
  test('starts at the posterior’s means, as weights that are not trained', () => {
    tf.tidy(() => {
      const layer = layerOf({ centredPrior: true, prior: new Normal({ mu: 0, sigma: 0.3 }), initialSigma: 0.3 })
      expect(names(layer)).toEqual(['kernel_mu', 'kernel_rho', 'bias_mu', 'bias_rho', 'kernel_prior_mean', 'bias_prior_mean'])
      expect(layer.trainableWeights).toHaveLength(4)
      // Posterior and prior coincide: the KL is 0, wherever the means are.
      expect(layer.kernelMu.read().abs().max().dataSync()[0]).toBeGreaterThan(0.1)
      expectTensorsClose(klOf(layer), tf.scalar(0), { absolute: 1e-4 })
    })
  })

  test('moves to given weights, on top of the centre that the prior has', () => {
    tf.tidy(() => {
      const layer = layerOf({ centredPrior: true, prior: new Normal({ mu: 0.5, sigma: 0.3 }) })
      const [kernel, bias] = [normal([3, 2], 1), normal([2], 2)]
      layer.centrePrior([kernel, bias])
      const posterior = layer.posterior()
      const expected = closedKl(posterior.kernel, new Normal({ mu: kernel.add(0.5), sigma: 0.3 }))
        .sum()
        .add(closedKl(posterior.bias!, new Normal({ mu: bias.add(0.5), sigma: 0.3 })).sum())
      expectTensorsClose(klOf(layer), expected, { relative: 1e-5 })
    })
  })

  test('refuses weights of another layer, and a layer without it', () => {
    tf.tidy(() => {
      const layer = layerOf({ centredPrior: true, name: 'mine' })
      expect(() => layer.centrePrior([tf.zeros([3, 2])])).toThrow(InvalidLayerArgumentError)
      expect(() => layer.centrePrior([tf.zeros([2, 3]), tf.zeros([2])])).toThrow(
        /Layer "mine": the shapes of the weights is \[\[2,3\],\[2\]\]; expected \[\[3,2\],\[2\]\]/,
      )
      expect(() => layerOf({ name: 'fixed' }).centrePrior([])).toThrow(/Layer "fixed": centredPrior is false; expected true/)
    })
  })

  test('is the trained weights with toBayesian, and stays there when the posterior moves', () => {
    tf.tidy(() => {
      const trained = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] })
      const bayesian = toBayesian(trained, { centredPrior: true, moped: { delta: 0.1 }, trainablePrior: true })
      const [layer] = variationalLayers(bayesian)
      const [kernel, bias] = trained.getWeights()
      layer!.kernelMu.write(tf.zeros([3, 2]))
      const [ofKernel, ofBias] = layer!.weightTensors
      expectTensorsClose(ofKernel!.priorMean!.read(), kernel!, exactly)
      expectTensorsClose(ofBias!.priorMean!.read(), bias!, exactly)
      expectTensorsClose(layer!.priorOf(ofKernel!).mean(), kernel!, exactly)
      expectTensorsClose(layer!.posterior().kernel.sigma as tf.Tensor, kernel!.abs().maximum(1e-3).mul(0.1), { relative: 1e-4 })
    })
  })
})

describe('a deterministic bias', () => {
  test('has no rho, no noise and no KL, and is learned', async () => {
    const layer = layerOf({ bias: 'deterministic', name: 'half' })
    expect(names(layer)).toEqual(['kernel_mu', 'kernel_rho', 'bias_mu'])
    expect(layer.biasRho).toBeUndefined()
    tf.tidy(() => {
      layer.biasMu!.write(tf.tensor1d([3, -4]))
      const { kernel, bias } = layer.posterior()
      expectTensorsClose(bias!.sigma as tf.Tensor, tf.zeros([2]), exactly)
      expectTensorsClose(klOf(layer), closedKl(kernel, layer.prior).sum(), { relative: 1e-5 })
    })
    await expectNoLeak(async () => {
      const { layers } = await posteriorSummary(tf.sequential({ layers: [layer] }))
      expect(layers[0]!.weights).toBe(6)
    })
  })

  test.each(['weightSampling', 'localReparameterization', 'flipout'] as const)(
    'shifts the outputs of %s by its value, without noise, and has their gradient',
    (estimator) => {
      tf.tidy(() => {
        const [layer, bare] = [layerOf({ estimator, bias: 'deterministic' }), layerOf({ estimator, useBias: false })]
        layer.biasMu!.write(tf.tensor1d([3, -4]))
        bare.setWeights(layer.getWeights().slice(0, 2))
        const x = normal([5, 3], 3)
        const run = (each: VariationalDense): tf.Tensor =>
          each.apply(x, { pass: new ForwardPass({ mode: 'sample', noise: seededNoise(1, 0) }) }) as tf.Tensor
        expectTensorsClose(run(layer), run(bare).add([3, -4]), { absolute: 1e-5 })
        const bias = layer.biasMu!.read() as tf.Variable
        const { grads } = tf.variableGrads(() => run(layer).sum() as tf.Scalar, [bias])
        expectTensorsClose(grads[bias.name]!, tf.fill([2], 5))
      })
    },
  )

  test('comes from a model and goes back with toBayesian and toDeterministic', () => {
    tf.tidy(() => {
      const trained = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3], biasInitializer: 'ones' })] })
      const back = toDeterministic(toBayesian(trained, { bias: 'deterministic', moped: { delta: 0.1 } }))
      back.getWeights().forEach((weight, i) => {
        expectTensorsClose(weight, trained.getWeights()[i]!, exactly)
      })
    })
  })
})

test('a layer saved before priors could be trained or centred is read as it was', () => {
  const layer = layerOf({ initialSigma: 0.1 })
  const { trainablePrior, centredPrior, bias, ...rest } = layer.getConfig()
  expect([trainablePrior, centredPrior, bias]).toEqual([false, false, 'bayesian'])
  const LayerClass = layer.constructor as tf.serialization.SerializableConstructor<VariationalDense>
  expect(LayerClass.fromConfig!(LayerClass, { ...rest, formatVersion: 1 }).getConfig()).toEqual(layer.getConfig())
  expect(inverseSoftplus(0.1)).toBeCloseTo(layer.kernelRho.read().dataSync()[0]!, 5)
})
