import * as tf from '@tensorflow/tfjs'
import { ForwardPass, givenNoise } from '@tfjs-bayes/layers'
import type { Likelihood } from '../predictive/likelihood.ts'
import type { Feed } from '../predictor/engine.ts'

/**
 * What tfjs answers with the same rows and noise: the mean over the draws of the class probabilities, or of the numbers predicted.
 *
 * @param model the model that was exported
 * @param rows its input
 * @param noise the graph's noise inputs, [samples, rows, ...] each; none: the posterior's means
 * @param likelihood what the file's outputs mean
 * @returns [rows, units]
 */
export function tfjsPrediction(
  model: tf.LayersModel,
  rows: Feed,
  noise: readonly Feed[],
  likelihood: Likelihood['name'],
): Float32Array {
  const samples = noise[0]?.shape[0] ?? 1
  const endsInSoftmax = lastActivation(model) === 'softmax'
  let result = new Float32Array()
  tf.tidy(() => {
    const x = tf.tensor(rows.data as Float32Array, [...rows.shape])
    const draws = Array.from({ length: samples }, (_, sample) => {
      const given = noise.map(({ data, shape }) => {
        const size = data.length / samples
        return tf.tensor((data as Float32Array).subarray(sample * size, (sample + 1) * size), shape.slice(1))
      })
      const pass =
        noise.length === 0 ? new ForwardPass({ mode: 'mean' }) : new ForwardPass({ mode: 'sample', noise: givenNoise(given) })
      const output = model.apply(x, { pass }) as tf.Tensor
      if (likelihood === 'heteroscedasticGaussian') return tf.split(output, 2, -1)[0]!
      return likelihood === 'categorical' && !endsInSoftmax ? tf.softmax(output) : output
    })
    result = tf.mean(tf.stack(draws), 0).dataSync<'float32'>().slice()
  })
  return result
}

function lastActivation(model: tf.LayersModel): unknown {
  const layer = model.outputs[0]!.sourceLayer
  if (layer instanceof tf.LayersModel) return lastActivation(layer)
  return layer.getClassName() === 'Softmax' ? 'softmax' : layer.getConfig()['activation']
}
