import * as tf from '@tensorflow/tfjs'
import { compile } from '@tfjs-bayes/backend/compile'
import { expect, test } from 'vitest'
import {
  ForwardPass,
  seededNoise,
  variationalConv2d,
  variationalConv2dTranspose,
  variationalDense,
  variationalEmbedding,
  variationalSeparableConv2d,
} from '../src/index.ts'
import { learnedPriorCases, type OptionsCase, optionsCases } from './layerOptions.ts'
import { normal } from './values.ts'

/** tfjs's WebAssembly backend has no gradients of convolutions and look-ups. */
function hasKernel(name: string): boolean {
  return tf.getKernel(name, tf.getBackend()) != null
}

/** A small network; with a convolution where tfjs's backend can train one. */
function network(options: OptionsCase['options']): tf.Sequential {
  const first = hasKernel('Conv2DBackpropFilter')
    ? variationalConv2d({ filters: 2, kernelSize: 2, activation: 'relu', inputShape: [4, 4, 1], seed: 1, ...options })
    : variationalDense({ units: 2, activation: 'relu', inputShape: [4, 4, 1], seed: 1, ...options })
  return tf.sequential({ layers: [first, tf.layers.flatten(), variationalDense({ units: 3, seed: 2, ...options })] })
}

function trainingStep(model: tf.Sequential): {
  model: tf.Sequential
  step: (x: tf.Tensor, y: tf.Tensor, counter: tf.Tensor) => tf.Scalar
} {
  const optimizer = tf.train.adam(0.01)
  const step = (x: tf.Tensor, y: tf.Tensor, counter: tf.Tensor): tf.Scalar =>
    optimizer.minimize(() => {
      const pass = new ForwardPass({ mode: 'sample', noise: seededNoise(3, counter as tf.Scalar) })
      const logits = model.apply(x, { pass, training: true }) as tf.Tensor
      return tf.losses.softmaxCrossEntropy(y, logits).add(pass.kl().div(100)) as tf.Scalar
    }, true)!
  return { model, step }
}

/** Trains two like models, one traced, and wants the same bits and one graph. */
function expectSameBits(make: () => tf.Sequential, x: tf.Tensor): void {
  const y = tf.oneHot(tf.tensor1d([0, 1, 2, 0, 1, 2, 0, 1], 'int32'), 3).toFloat()
  const [plain, traced] = [trainingStep(make()), trainingStep(make())]
  const compiled = compile(traced.step)
  for (let i = 0; i < 8; i++) {
    const counter = tf.scalar(i, 'int32')
    const [expected, actual] = [plain.step(x, y, counter), compiled(x, y, counter)]
    expect(actual.dataSync()).toEqual(expected.dataSync())
    tf.dispose([counter, expected, actual])
  }
  const values = ({ model }: typeof plain): unknown[] => model.weights.map((weight) => weight.read().dataSync())
  expect(values(traced)).toEqual(values(plain))
  if (tf.getBackend() === 'tensorflow') {
    expect(compiled.graph.reason).toBeUndefined()
    expect(compiled.graph.stats.graphCalls).toBeGreaterThan(0)
  } else {
    expect(compiled.graph.reason?.code).toBe('backend')
  }
  compiled.dispose()
  tf.dispose([x, y])
}

test.each([...optionsCases, ...learnedPriorCases])(
  'a training step with $title becomes one graph and gives the same bits',
  ({ options }) => {
    expectSameBits(() => network(options), normal([8, 4, 4, 1], 4))
  },
)

test.each(['weightSampling', 'localReparameterization'] as const)('so does one with an embedding and %s', (estimator) => {
  if (!hasKernel('UnsortedSegmentSum')) return
  const head = (): tf.layers.Layer[] => [tf.layers.flatten(), variationalDense({ units: 3, seed: 2, estimator })]
  const table = (): tf.layers.Layer => variationalEmbedding({ inputDim: 4, outputDim: 2, inputLength: 3, seed: 1, estimator })
  expectSameBits(() => tf.sequential({ layers: [table(), ...head()] }), normal([8, 3], 4).abs().mul(10).floor().mod(4))
})

test.each(['weightSampling', 'localReparameterization', 'flipout'] as const)(
  'and one with separable and transposed convolutions and %s',
  (estimator) => {
    if (!hasKernel('Conv2DBackpropFilter')) return
    const layers = (): tf.layers.Layer[] => [
      variationalSeparableConv2d({ filters: 2, kernelSize: 2, inputShape: [4, 4, 1], seed: 1, estimator }),
      variationalConv2dTranspose({ filters: 2, kernelSize: 2, strides: 2, seed: 2, estimator }),
      tf.layers.flatten(),
      variationalDense({ units: 3, seed: 3, estimator }),
    ]
    expectSameBits(() => tf.sequential({ layers: layers() }), normal([8, 4, 4, 1], 4))
  },
)
