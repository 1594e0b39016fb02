import * as tf from '@tensorflow/tfjs'
import { variationalDense } from '@tfjs-bayes/layers'
import { expectNoLeak } from '@tfjs-bayes/testing'
import { expect, test } from 'vitest'
import { InvalidOptionError } from '../errors.ts'
import { gaussian } from '../likelihoods/gaussian.ts'
import { type GradientEstimator, gradientMeter } from './gradientMeter.ts'

const UNITS = 200
const MU = 0.4
const SIGMA = 0.6
const ROWS = 64

/** Many units y_u = w_u x, all with the same mu and sigma, and rows that are all the same: then every variance is a formula. */
function problem(): { model: tf.LayersModel; data: { x: tf.Tensor; y: tf.Tensor } } {
  const kernelInitializer = tf.initializers.constant({ value: MU })
  const layer = variationalDense({
    units: UNITS,
    inputShape: [1],
    useBias: false,
    kernelInitializer,
    initialSigma: SIGMA,
    name: 'w',
  })
  return { model: tf.sequential({ layers: [layer] }), data: { x: tf.fill([ROWS, 1], 1.5), y: tf.fill([ROWS, UNITS], 1) } }
}

test('falls as 1 / M for rows apart, and not at all for one draw a batch where rows are alike', async () => {
  const { model, data } = problem()
  await expectNoLeak(async () => {
    const readings = await gradientMeter(model, data, {
      likelihood: gaussian({ sigma: 1 }),
      datasetSize: ROWS,
      draws: 60,
      seed: 4,
      batchSizes: [1, 4, 16],
      minibatches: 2,
      exampleRows: 3,
    })
    // See gradientVariance.test.ts: with b = sigma x^2 the gradient of mu is (a + b eps), of variance b^2 on one row.
    const one = (SIGMA * 1.5 ** 2) ** 2
    const expected: Record<GradientEstimator, (size: number) => number> = {
      weightSampling: () => one,
      weightSamplingPerExample: (size) => one / size,
      flipout: (size) => one / size,
      localReparameterization: (size) => one / size,
    }
    expect(readings.map(({ estimator, batchSize }) => `${estimator} ${batchSize}`)).toEqual(
      Object.keys(expected).flatMap((estimator) => [1, 4, 16].map((size) => `${estimator} ${size}`)),
    )
    for (const { estimator, batchSize, layers } of readings) {
      expect(layers.map(({ layer }) => layer)).toEqual(['w'])
      // 200 units x 60 draws: the standard error of a variance is sqrt(2 / 12000), 1.3 %; with the flipout of a batch that of its signs comes on top.
      const ratio = layers[0]!.mu / expected[estimator](batchSize)
      expect(Math.abs(ratio - 1), `${estimator}, ${batchSize} rows, seed 4`).toBeLessThan(0.08)
    }
  })
  model.dispose()
  tf.dispose(data)
})

test('the model keeps its own estimator, and wrong sizes are refused before any work', async () => {
  const { model, data } = problem()
  const options = { likelihood: gaussian({ sigma: 1 }), datasetSize: ROWS, draws: 2, seed: 4, minibatches: 1 }
  await expect(gradientMeter(model, data, { ...options, batchSizes: [65] })).rejects.toThrow(/batchSizes is 65; .* from 1 to 64/)
  await expect(gradientMeter(model, data, { ...options, batchSizes: [2], minibatches: 0 })).rejects.toThrow(InvalidOptionError)
  const [reading] = await gradientMeter(model, data, { ...options, batchSizes: [2], estimators: ['flipout'] })
  expect(reading!.estimator).toBe('flipout')
  expect((model.layers[0] as unknown as { estimator: string }).estimator).toBe('localReparameterization')
  model.dispose()
  tf.dispose(data)
})
