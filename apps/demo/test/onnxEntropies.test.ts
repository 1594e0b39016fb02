import * as tf from '@tensorflow/tfjs'
import { ForwardPass, variationalConv2d, variationalDense } from '@tfjs-bayes/layers'
import { exportModel } from '@tfjs-bayes/onnx'
import { loadPredictor, type Predictions } from '@tfjs-bayes/onnx/node'
import { type Predictive, predictive, uncertainty } from '@tfjs-bayes/training'
import { expect, test, vi } from 'vitest'

const SEED = 11
const ROWS = 25
// One chunk of `predictive`, which therefore runs eagerly, so that its noise can be read.
const SAMPLES = 10
const TOLERANCE = 1e-5
const PARTS = ['entropy', 'expectedEntropy', 'mutualInformation'] as const

const models: [string, () => tf.LayersModel][] = [
  [
    'a multilayer perceptron',
    () =>
      tf.sequential({
        layers: [
          variationalDense({ units: 12, activation: 'relu', initialSigma: 0.4, seed: SEED, inputShape: [36] }),
          variationalDense({ units: 12, activation: 'tanh', initialSigma: 0.4, seed: SEED + 1 }),
          variationalDense({ units: 5, initialSigma: 0.4, seed: SEED + 2 }),
        ],
      }),
  ],
  [
    'a convolutional network',
    () =>
      tf.sequential({
        layers: [
          variationalConv2d({
            filters: 4,
            kernelSize: 3,
            activation: 'relu',
            initialSigma: 0.4,
            seed: SEED,
            inputShape: [6, 6, 1],
          }),
          tf.layers.maxPooling2d({ poolSize: 2 }),
          tf.layers.flatten(),
          variationalDense({ units: 5, initialSigma: 0.4, seed: SEED + 1 }),
        ],
      }),
  ],
]

test.each(models)("the graph splits the uncertainty of %s as training's predictive does, with its noise", async (_, build) => {
  const model = build()
  const x = inputsOf(model)
  const { result, noise } = await recordingNoise(() =>
    predictive(model, x, { seed: SEED, samples: SAMPLES, batchSize: ROWS, keepDraws: true }),
  )
  const metric = uncertainty(result.drawProbabilities!)
  const bytes = exportModel(model, { mode: 'localReparameterization', noise: 'input' })
  const graph = await answer(bytes, x, noise)

  for (const part of PARTS) {
    expect(maxDifference(graph[part]!, result[part].dataSync()), `${part} of predictive`).toBeLessThan(TOLERANCE)
    expect(maxDifference(graph[part]!, metric[part]), `${part} of uncertainty`).toBeLessThan(TOLERANCE)
  }
  expect(maxDifference(graph.probabilities, result.probabilities.dataSync())).toBeLessThan(TOLERANCE)
  // Otherwise the agreement would say nothing: there is uncertainty of both kinds.
  expect(Math.max(...graph.mutualInformation!)).toBeGreaterThan(0.1)
  expect(Math.max(...graph.expectedEntropy!)).toBeGreaterThan(0.1)
  dispose(model, x, result)
})

test.each(models)("the graph of the means of %s has the entropy of training's predictive", async (_, build) => {
  const model = build()
  const x = inputsOf(model)
  const result = await predictive(model, x, { seed: SEED, mode: 'mean' })
  const graph = await answer(exportModel(model, { mode: 'mean' }), x)

  expect(maxDifference(graph.entropy, result.entropy.dataSync())).toBeLessThan(TOLERANCE)
  expect(maxDifference(graph.probabilities, result.probabilities.dataSync())).toBeLessThan(TOLERANCE)
  expect(Math.max(...graph.entropy)).toBeGreaterThan(0.1)
  dispose(model, x, result)
})

function inputsOf(model: tf.LayersModel): tf.Tensor {
  return tf.randomNormal([ROWS, ...(model.inputs[0]!.shape.slice(1) as number[])], 0, 1, 'float32', SEED)
}

async function answer(bytes: Uint8Array, x: tf.Tensor, noise?: readonly Float32Array[]): Promise<Predictions['categorical']> {
  const predictor = await loadPredictor(bytes, { providers: ['cpu'] })
  const prediction = await predictor.predict(x.dataSync<'float32'>(), { batchSize: ROWS, ...(noise && { noise }) })
  await predictor.dispose()
  return prediction
}

/** Runs `predict` and gives the noise that its layers drew: for each stream [samples, rows, ...], as the graph takes it. */
async function recordingNoise(predict: () => Promise<Predictive>): Promise<{ result: Predictive; noise: Float32Array[] }> {
  const draw = ForwardPass.prototype.noise
  const streams = new Map<string, Float32Array[]>()
  const spy = vi.spyOn(ForwardPass.prototype, 'noise').mockImplementation(function (this: ForwardPass, layer, slot, shape) {
    const drawn = draw.call(this, layer, slot, shape)
    const key = `${layer.name} ${slot}`
    streams.set(key, [...(streams.get(key) ?? []), drawn.dataSync<'float32'>().slice()])
    return drawn
  })
  try {
    const result = await predict()
    const noise = [...streams.values()].map((draws) => {
      expect(draws.length, 'draws that were run eagerly').toBe(SAMPLES)
      return Float32Array.from(draws.flatMap((numbers) => [...numbers]))
    })
    return { result, noise }
  } finally {
    spy.mockRestore()
  }
}

function maxDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual.length).toBe(expected.length)
  // Math.max passes NaN on, which is below no tolerance.
  return Math.max(...Array.from(actual, (value, i) => Math.abs(value - expected[i]!)))
}

function dispose(model: tf.LayersModel, x: tf.Tensor, result: Predictive): void {
  result.dispose()
  x.dispose()
  model.dispose()
}
