import * as tf from '@tensorflow/tfjs'
import { variationalConv2d, variationalDense } from '@tfjs-bayes/layers'
import { gaussian, heteroscedasticGaussian, predictive, predictiveRegression, uncertainty } from '@tfjs-bayes/training'
import { afterAll, expect, test } from 'vitest'
import { exportModel } from '../src/index.ts'
import { loadPredictor } from '../src/node.ts'
import { normals } from './support/random.ts'
import { randomizeWeights } from './support/randomModel.ts'
import { maxDifference } from './support/reference.ts'

// What the graph makes of draws is held against what @tfjs-bayes/training makes of the very same ones: training gives its draws, and a network that hands its
// noise on as it is brings them into the file. That a whole network's draws are those of tfjs is the matter of other tests.

const ROWS = 6
const SAMPLES = 8
const CLASSES = 4
const fed = { mode: 'localReparameterization', noise: 'input' } as const

const owned: { dispose(): void }[] = []
afterAll(() => {
  for (const each of owned) each.dispose()
})

const classifiers: [string, () => tf.LayersModel][] = [
  [
    'a multilayer perceptron, local reparameterization',
    () =>
      tf.sequential({
        layers: [variationalDense({ units: 7, activation: 'relu', inputShape: [9] }), variationalDense({ units: CLASSES })],
      }),
  ],
  [
    'a convolutional network, draws of the weights',
    () =>
      tf.sequential({
        layers: [
          variationalConv2d({
            filters: 3,
            kernelSize: 2,
            activation: 'relu',
            inputShape: [3, 3, 1],
            estimator: 'weightSampling',
          }),
          tf.layers.flatten(),
          variationalDense({ units: CLASSES, estimator: 'weightSampling' }),
        ],
      }),
  ],
]

test.each(classifiers)('probabilities and entropies are those of training: %s', async (_, build) => {
  const expected = own(await predictive(...randomly(build()), { samples: SAMPLES, seed: 1, keepDraws: true }))
  const draws = expected.drawProbabilities!
  const outputs = ['probabilities', 'entropy', 'expectedEntropy', 'mutualInformation'] as const
  const predictor = await loadPredictor(exportModel(noiseAlone(CLASSES), { ...fed, outputs }), { providers: ['cpu'], outputs })
  const logits = tf.tidy(() => tf.log(draws).dataSync<'float32'>().slice())
  const actual = await predictor.predict(new Float32Array(ROWS), { noise: [logits] })
  await predictor.dispose()

  const parts = uncertainty(draws)
  for (const key of outputs) {
    expect(maxDifference(actual[key], expected[key].dataSync()), key).toBeLessThan(1e-6)
    if (key !== 'probabilities') expect(maxDifference(actual[key], parts[key]), key).toBeLessThan(1e-6)
  }
  // There is something to agree on.
  expect(Math.max(...actual.mutualInformation)).toBeGreaterThan(0.01)
})

test.each(['gaussian', 'heteroscedasticGaussian'] as const)(
  'mean, variances and quantiles are those of training: %s',
  async (name) => {
    const [units, sigma, quantiles] = [2, 0.4, [0.05, 0.5, 0.9]]
    const model = tf.sequential({
      layers: [
        variationalDense({ units: 7, activation: 'tanh', inputShape: [9] }),
        variationalDense({ units: name === 'gaussian' ? units : 2 * units }),
      ],
    })
    const likelihood = name === 'gaussian' ? gaussian({ sigma }) : heteroscedasticGaussian()
    const options = { samples: SAMPLES, seed: 1, keepDraws: true, likelihood, quantiles }
    const expected = own(await predictiveRegression(...randomly(model), options))
    const outputs = ['mean', 'epistemicVariance', 'aleatoricVariance', 'quantiles'] as const
    const file = exportModel(noiseAlone(model.outputs[0]!.shape[1]!), {
      ...fed,
      outputs,
      quantiles,
      likelihood: name === 'gaussian' ? { name, sigma } : { name },
    })
    const predictor = await loadPredictor(file, { likelihood: 'gaussian', outputs, providers: ['cpu'] })
    const raw = tf.tidy(() => {
      const [means, variances] = [expected.drawMeans!, expected.drawVariances!]
      if (name === 'gaussian') return means.dataSync<'float32'>().slice()
      const scales = tf.tensor(
        variances.dataSync().map((variance) => inverseSoftplus(Math.sqrt(variance))),
        variances.shape,
      )
      return tf.concat([means, scales], -1).dataSync<'float32'>().slice()
    })
    const actual = await predictor.predict(new Float32Array(ROWS), { noise: [raw] })
    await predictor.dispose()

    for (const key of ['mean', 'epistemicVariance', 'aleatoricVariance'] as const) {
      expect(maxDifference(actual[key], expected[key].dataSync()), key).toBeLessThan(5e-6)
    }
    quantiles.forEach((level, q) => {
      const own = actual.mean.map((_, i) => actual.quantiles[i * quantiles.length + q]!)
      expect(maxDifference(own, expected.quantiles[q]!.dataSync()), `quantile ${level}`).toBeLessThan(2e-5)
    })
    expect(Math.max(...actual.epistemicVariance)).toBeGreaterThan(0.01)
  },
)

/** One Bayesian layer of one input whose output is its noise: mean 0, of which nothing depends on the input, and sigma 1. */
function noiseAlone(units: number): tf.LayersModel {
  const layer = variationalDense({ units, inputShape: [1] })
  const model = own(tf.sequential({ layers: [layer] }))
  const values = [
    [layer.kernelMu, 0],
    [layer.kernelRho, -200],
    [layer.biasMu!, 0],
    [layer.biasRho!, inverseSoftplus(1)],
  ] as const
  for (const [variable, value] of values) {
    const filled = tf.fill(variable.shape as number[], value)
    variable.write(filled)
    filled.dispose()
  }
  return model
}

/** A model with random weights, and random rows for it. */
function randomly(model: tf.LayersModel): [tf.LayersModel, tf.Tensor] {
  randomizeWeights(own(model), 4)
  const shape = [ROWS, ...(model.inputs[0]!.shape.slice(1) as number[])]
  return [model, own(tf.tensor(normals(ROWS * 9, 2), shape))]
}

/** The rho of a sigma. */
function inverseSoftplus(sigma: number): number {
  return Math.log(Math.expm1(sigma))
}

function own<Owned extends { dispose(): unknown }>(value: Owned): Owned {
  owned.push(value)
  return value
}
