import * as tf from '@tensorflow/tfjs'
import { type VariationalLayer, variationalConv2d, variationalDense, variationalLayers } from '@tfjs-bayes/layers'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ExportOptions, exportModel, UnsupportedLayerError } from '../src/index.ts'
import { type GaussianPrediction, loadPredictor, type Predictions } from '../src/node.ts'
import { anySpec, buildAnyModel, rowShape } from './support/anyModel.ts'
import { exportOrRefusal } from './support/exportOrRefusal.ts'
import { normals } from './support/random.ts'
import { randomizeWeights } from './support/randomModel.ts'
import { maxDifference } from './support/reference.ts'

const gaussian = { name: 'gaussian', sigma: 0.1 } as const
const DRAWS = 20_000
// Two-sided false-alarm probability of one comparison at 5 standard errors: 6e-7.
const STANDARD_ERRORS = 5
const RUNS = Number(process.env['TFJS_BAYES_PROPERTY_RUNS'] ?? 60)

describe('where the moments are exact they are those of 20,000 draws', () => {
  const cases: [string, () => tf.LayersModel, number][] = [
    // The draws of the first layer's units are independent and normal, so what a second layer sees has exactly these moments; its own output is not normal.
    [
      'two dense layers with ReLU between',
      () =>
        tf.sequential({
          layers: [variationalDense({ units: 6, activation: 'relu', inputShape: [3] }), variationalDense({ units: 2 })],
        }),
      3,
    ],
    [
      'leaky ReLU, batch normalization and an ordinary dense layer',
      () =>
        tf.sequential({
          layers: [
            tf.layers.dense({ units: 4, activation: 'tanh', inputShape: [3] }),
            variationalDense({ units: 6 }),
            tf.layers.batchNormalization(),
            tf.layers.leakyReLU({ alpha: 0.1 }),
            tf.layers.dropout({ rate: 0.5 }),
            tf.layers.dense({ units: 2 }),
          ],
        }),
      3,
    ],
    [
      'a convolution, average pooling with a padded border, flattening',
      () =>
        tf.sequential({
          layers: [
            variationalConv2d({ filters: 2, kernelSize: 3, inputShape: [5, 5, 1], activation: 'relu' }),
            tf.layers.averagePooling2d({ poolSize: 2, strides: 2, padding: 'same' }),
            tf.layers.flatten(),
            tf.layers.dense({ units: 2 }),
          ],
        }),
      25,
    ],
    [
      'global average pooling, channels first, and two branches',
      () => {
        const input = tf.input({ shape: [1, 4, 4] })
        const conv = variationalConv2d({
          filters: 3,
          kernelSize: 2,
          dataFormat: 'channelsFirst',
          padding: 'same',
          activation: 'relu',
        })
        const pooled = tf.layers
          .globalAveragePooling2d({ dataFormat: 'channelsFirst' })
          .apply(conv.apply(input)) as tf.SymbolicTensor
        const flat = tf.layers.dense({ units: 3 }).apply(tf.layers.flatten().apply(input)) as tf.SymbolicTensor
        const merged = tf.layers.average().apply([pooled, flat]) as tf.SymbolicTensor
        return tf.model({ inputs: input, outputs: tf.layers.dense({ units: 2 }).apply(merged) as tf.SymbolicTensor })
      },
      16,
    ],
    // Of two normal variables the maximum's moments are exact, and beside the padding there is one.
    [
      'padded max pooling of pairs',
      () =>
        tf.sequential({
          layers: [
            variationalConv2d({ filters: 2, kernelSize: [2, 1], inputShape: [3, 5, 1] }),
            tf.layers.maxPooling2d({ poolSize: [1, 2], strides: [1, 2], padding: 'same' }),
            tf.layers.flatten(),
            tf.layers.dense({ units: 2 }),
          ],
        }),
      15,
    ],
    [
      'global max pooling of two positions, channels first',
      () =>
        tf.sequential({
          layers: [
            variationalConv2d({ filters: 3, kernelSize: 2, inputShape: [1, 3, 2], dataFormat: 'channelsFirst' }),
            tf.layers.globalMaxPooling2d({ dataFormat: 'channelsFirst' }),
            tf.layers.dense({ units: 2 }),
          ],
        }),
      6,
    ],
    [
      'global max pooling of two steps',
      () =>
        tf.sequential({
          layers: [
            variationalDense({ units: 3, inputShape: [2, 3] }),
            tf.layers.globalMaxPooling1d({}),
            tf.layers.dense({ units: 2 }),
          ],
        }),
      6,
    ],
  ]
  test.each(cases)('%s', async (_, build, size) => {
    const model = build()
    randomizeWeights(model, 3)
    for (const weight of model.weights.filter(({ originalName }) => originalName.endsWith('moving_variance'))) {
      const ones = tf.fill(weight.shape as number[], 0.7)
      weight.write(ones)
      ones.dispose()
    }
    const x = normals(3 * size, 4)
    const exact = await predict(model, { mode: 'moments' }, x)
    const drawn = await predict(model, { mode: 'localReparameterization', noise: 'graph', samples: DRAWS, seed: 1 }, x)
    exact.mean.forEach((mean, i) => {
      const variance = exact.epistemicVariance![i]!
      expect(Math.abs(drawn.mean[i]! - mean) / Math.sqrt(variance / DRAWS), `mean ${i}`).toBeLessThan(STANDARD_ERRORS)
      // The excess kurtosis of these outputs is below 4: a standard error of at most sqrt((4 + 2) / n).
      expect(Math.abs(drawn.epistemicVariance![i]! / variance - 1) / Math.sqrt(6 / DRAWS), `variance ${i}`).toBeLessThan(
        STANDARD_ERRORS,
      )
    })
    model.dispose()
  })
})

test('without uncertainty, moments are the means of mode mean, for any model that they can be written for', async () => {
  let written = 0
  await fc.assert(
    fc.asyncProperty(anySpec({ bayesian: true }), async (spec) => {
      const model = buildAnyModel(spec)
      try {
        for (const layer of variationalLayers(model)) makeCertain(layer)
        const x = normals(2 * rowShape(spec).reduce((a, b) => a * b, 1), spec.seed)
        const [moments, mean] = [exportOrRefusal(model, { mode: 'moments' }), exportModel(model, { mode: 'mean' })]
        if (moments == null) return
        written++
        const [a, b] = [await loadPredictor(moments, { providers: ['cpu'] }), await loadPredictor(mean, { providers: ['cpu'] })]
        const [actual, expected] = [await a.predict(x), await b.predict(x)]
        await a.dispose()
        await b.dispose()
        // Quadrature averages the same value 12 times.
        expect(maxDifference(actual.probabilities, expected.probabilities)).toBeLessThan(2e-5)
        expect(Math.max(...actual.mutualInformation!)).toBeLessThan(2e-5)
      } finally {
        for (const weight of model.weights) weight.dispose()
      }
    }),
    { numRuns: RUNS },
  )
  expect(written).toBeGreaterThan(RUNS / 4)
})

// Bounds on the root mean square difference of probabilities, entropy and mutual information. A convolution's draws of pre-activations are independent from
// place to place, those of its weights are not: what is between the local trick and weight sampling there is a bias, no chance.
const networks: [string, () => tf.LayersModel, { readonly probabilities: number; readonly nats: number }][] = [
  [
    'a multilayer perceptron',
    () =>
      tf.sequential({
        layers: [
          variationalDense({ units: 64, activation: 'relu', inputShape: [8] }),
          variationalDense({ units: 64, activation: 'relu' }),
          variationalDense({ units: 4, activation: 'softmax' }),
        ],
      }),
    { probabilities: 0.02, nats: 0.05 },
  ],
  [
    'a convolutional network',
    () =>
      tf.sequential({
        layers: [
          variationalConv2d({ filters: 8, kernelSize: 3, activation: 'relu', inputShape: [9, 9, 1] }),
          tf.layers.maxPooling2d({ poolSize: 2, padding: 'same' }),
          variationalConv2d({ filters: 8, kernelSize: 3, activation: 'relu', padding: 'same' }),
          tf.layers.flatten(),
          variationalDense({ units: 4, activation: 'softmax' }),
        ],
      }),
    { probabilities: 0.02, nats: 0.05 },
  ],
  [
    'a convolutional network with a global maximum',
    () =>
      tf.sequential({
        layers: [
          variationalConv2d({ filters: 8, kernelSize: 3, activation: 'relu', inputShape: [9, 9, 1] }),
          tf.layers.globalMaxPooling2d({}),
          variationalDense({ units: 4, activation: 'softmax' }),
        ],
      }),
    { probabilities: 0.03, nats: 0.05 },
  ],
]

test.each(networks)(
  'moments, local reparameterization and weight sampling agree on the predictive of %s',
  async (name, build, bounds) => {
    const model = build()
    randomizeWeights(model, 5)
    const x = normals(40 * model.inputs[0]!.shape.slice(1).reduce<number>((size, length) => size * length!, 1), 6)
    const answer = async (options: ExportOptions): Promise<Predictions['categorical']> => {
      const predictor = await loadPredictor(exportModel(model, options), { providers: ['cpu'] })
      const prediction = await predictor.predict(x, { batchSize: 10 })
      await predictor.dispose()
      return prediction
    }
    const drawn = await answer({ mode: 'localReparameterization', noise: 'graph', samples: 4000, seed: 1 })
    const others = {
      moments: await answer({ mode: 'moments' }),
      weightSampling: await answer({ mode: 'weightSampling', samples: 500 }),
    }
    const difference = (a: Float32Array, b: Float32Array): number =>
      Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0) / a.length)
    for (const [mode, other] of Object.entries(others)) {
      const errors = {
        probabilities: difference(other.probabilities, drawn.probabilities),
        entropy: difference(other.entropy, drawn.entropy),
        mutualInformation: difference(other.mutualInformation!, drawn.mutualInformation!),
      }
      console.log(`${name}: root mean square difference of ${mode} to 4,000 draws of the local trick:`, errors)
      expect(errors.probabilities, mode).toBeLessThan(bounds.probabilities)
      expect(errors.entropy, mode).toBeLessThan(bounds.nats)
      expect(errors.mutualInformation, mode).toBeLessThan(bounds.nats)
    }
    // The uncertainty that they agree on is there: the posterior means alone are further away.
    const mean = await answer({ mode: 'mean' })
    const bias = {
      probabilities: difference(mean.probabilities, drawn.probabilities),
      entropy: difference(mean.entropy, drawn.entropy),
    }
    console.log(`${name}: of the means alone:`, bias)
    expect(bias.probabilities).toBeGreaterThan(bounds.probabilities)
    expect(bias.entropy).toBeGreaterThan(bounds.nats)
    model.dispose()
  },
)

test('a softmax in the middle and other layers without moments are refused by name', () => {
  const model = tf.sequential({
    layers: [
      variationalDense({ units: 3, inputShape: [4, 2], activation: 'softmax', name: 'gate' }),
      tf.layers.layerNormalization({ name: 'norm' }),
      variationalDense({ units: 2 }),
    ],
  })
  expect(() => exportModel(model, { mode: 'moments' })).toThrow(UnsupportedLayerError)
  expect(() => exportModel(model, { mode: 'moments' })).toThrow(
    /gate \(VariationalDense\): softmax mixes[\s\S]*norm \(LayerNormalization\): behind a Bayesian layer it has no moments/,
  )
  // In front of the Bayesian layers, where nothing is uncertain, anything goes.
  const front = tf.sequential({ layers: [tf.layers.layerNormalization({ inputShape: [4, 2] }), variationalDense({ units: 2 })] })
  expect(exportModel(front, { mode: 'moments' }).length).toBeGreaterThan(0)
  model.dispose()
  front.dispose()
})

async function predict(model: tf.LayersModel, options: ExportOptions, x: Float32Array): Promise<GaussianPrediction> {
  const predictor = await loadPredictor(exportModel(model, { ...options, likelihood: gaussian }), {
    likelihood: 'gaussian',
    providers: ['cpu'],
  })
  const prediction = await predictor.predict(x)
  await predictor.dispose()
  return prediction
}

function makeCertain(layer: VariationalLayer): void {
  for (const rho of [layer.kernelRho, ...(layer.biasRho == null ? [] : [layer.biasRho])]) {
    const tiny = tf.fill(rho.shape as number[], -25)
    rho.write(tiny)
    tiny.dispose()
  }
}
