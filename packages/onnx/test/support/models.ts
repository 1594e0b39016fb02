import * as tf from '@tensorflow/tfjs'
import { variationalDense } from '@tfjs-bayes/layers'
import { randomizeWeights } from './randomModel.ts'

/** A small Bayesian classifier, 3 inputs, 5 hidden units, 4 classes, with random weights. */
export function classifier(seed: number = 1): tf.Sequential {
  const model = tf.sequential({
    layers: [variationalDense({ units: 5, activation: 'relu', inputShape: [3] }), variationalDense({ units: 4 })],
  })
  randomizeWeights(model, seed)
  return model
}

/** A small Bayesian regression, 3 inputs, 5 hidden units, 2 outputs, with random weights. */
export function regression(seed: number = 1): tf.Sequential {
  const model = tf.sequential({
    layers: [variationalDense({ units: 5, activation: 'tanh', inputShape: [3] }), variationalDense({ units: 2 })],
  })
  randomizeWeights(model, seed)
  return model
}
