import * as tf from '@tensorflow/tfjs'
import { compile } from '@tfjs-bayes/backend/compile'
import { expect, test } from 'vitest'
import { ForwardPass, seededNoise, variationalConv2d, variationalDense } from '../src/index.ts'
import { type OptionsCase, optionsCases } from './layerOptions.ts'
import { normal } from './values.ts'

/** A small network; with a convolution where tfjs's backend can train one. */
function network(options: OptionsCase['options']): tf.Sequential {
  const canConvolve = tf.getKernel('Conv2DBackpropFilter', tf.getBackend()) != null
  const first = canConvolve
    ? variationalConv2d({ filters: 2, kernelSize: 2, activation: 'relu', inputShape: [4, 4, 1], seed: 1, ...options })
    : variationalDense({ units: 2, activation: 'relu', inputShape: [4, 4, 1], seed: 1, ...options })
  return tf.sequential({ layers: [first, tf.layers.flatten(), variationalDense({ units: 3, seed: 2, ...options })] })
}

function trainingStep(options: OptionsCase['options']): {
  model: tf.Sequential
  step: (x: tf.Tensor, y: tf.Tensor, counter: tf.Tensor) => tf.Scalar
} {
  const model = network(options)
  const optimizer = tf.train.adam(0.01)
  const step = (x: tf.Tensor, y: tf.Tensor, counter: tf.Tensor): tf.Scalar =>
    optimizer.minimize(() => {
      const pass = new ForwardPass({ mode: 'sample', noise: seededNoise(3, counter as tf.Scalar) })
      const logits = model.apply(x, { pass, training: true }) as tf.Tensor
      return tf.losses.softmaxCrossEntropy(y, logits).add(pass.kl().div(100)) as tf.Scalar
    }, true)!
  return { model, step }
}

test.each(optionsCases)('a training step with $title becomes one graph and gives the same bits', ({ options }) => {
  const [x, y] = [normal([8, 4, 4, 1], 4), tf.oneHot(tf.tensor1d([0, 1, 2, 0, 1, 2, 0, 1], 'int32'), 3).toFloat()]
  const [plain, traced] = [trainingStep(options), trainingStep(options)]
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
})
