import * as tf from '@tensorflow/tfjs'
import { type EstimatorName, type VariationalDenseArgs, variationalDense } from '@tfjs-bayes/layers'
import { expectNoLeak } from '@tfjs-bayes/testing'
import { describe, expect, test } from 'vitest'
import { InvalidOptionError, UnsupportedModelError } from '../errors.ts'
import { gaussian } from '../likelihoods/gaussian.ts'
import { gradientVariance } from './gradientVariance.ts'

const likelihood = gaussian({ sigma: 1 })
const UNITS = 100
const MU = 0.4
const SIGMA = 0.6
const X = [0.5, -1, 1.5, 0.8]
const Y = [1, 0.2, -0.5, 0.3]

/** y_u = w_u x with the same mu and sigma for each of many units, so that one gradient holds many independent draws of the same variance. */
function units(estimator: EstimatorName): tf.LayersModel {
  const kernelInitializer = tf.initializers.constant({ value: MU })
  const args = { units: UNITS, inputShape: [1], useBias: false, kernelInitializer, initialSigma: SIGMA, estimator, name: 'line' }
  return tf.sequential({ layers: [variationalDense(args as VariationalDenseArgs)] })
}

const batch = (rows: readonly number[]): { x: tf.Tensor; y: tf.Tensor } => ({
  x: tf.tensor2d(rows.map((row) => [X[row]!])),
  y: tf.tidy(() => tf.tile(tf.tensor2d(rows.map((row) => [Y[row]!])), [1, UNITS])),
})

/**
 * The loss of M rows is the mean of (w x - y)^2 / 2, with w = mu + sigma eps, one eps for the batch (weight sampling) or one a row and unit.
 * d/dmu: (mu x - y) x + sigma x^2 eps.  d/drho: s ((mu x - y) x eps + sigma x^2 eps^2), s = dsigma/drho = 1 - exp(-sigma).
 * The KL is closed and adds no variance. Var(eps) = 1, Var(eps^2) = 2, Cov(eps, eps^2) = 0.
 */
function exact(rows: readonly number[], estimator: EstimatorName): { mu: number; rho: number } {
  const slope = 1 - Math.exp(-SIGMA)
  const linear = rows.map((row) => (MU * X[row]! - Y[row]!) * X[row]!)
  const square = rows.map((row) => SIGMA * X[row]! ** 2)
  const mean = (values: number[]): number => values.reduce((a, b) => a + b) / values.length
  if (estimator === 'weightSampling') {
    return { mu: mean(square) ** 2, rho: slope ** 2 * (mean(linear) ** 2 + 2 * mean(square) ** 2) }
  }
  const overRows = (values: number[]): number => mean(values) / rows.length
  if (estimator === 'flipout') {
    // eps times a sign of each row and unit: the signs part the rows in all that is odd in eps, and eps^2 is still the same for all.
    return {
      mu: overRows(square.map((b) => b ** 2)),
      rho: slope ** 2 * (overRows(linear.map((a) => a ** 2)) + 2 * mean(square) ** 2),
    }
  }
  return {
    mu: overRows(square.map((b) => b ** 2)),
    rho: slope ** 2 * overRows(linear.map((a, i) => a ** 2 + 2 * square[i]! ** 2)),
  }
}

describe.each(['weightSampling', 'localReparameterization', 'flipout'] as const)('%s', (estimator) => {
  test('the variances are those of the formula, averaged over the minibatches', async () => {
    const model = units(estimator)
    await expectNoLeak(async () => {
      const batches = [batch([0, 1, 2, 3]), batch([2, 1])]
      // 100 units x 150 draws: the standard error of a variance of squared normals is sqrt(14 / 15000), 3 %; four of them are allowed.
      const [measured] = await gradientVariance(model, batches, { likelihood, datasetSize: 50, draws: 150, seed: 2 })
      const [first, second] = [exact([0, 1, 2, 3], estimator), exact([2, 1], estimator)]
      expect(measured!.layer).toBe('line')
      expect(Math.abs(measured!.mu / ((first.mu + second.mu) / 2) - 1)).toBeLessThan(0.12)
      expect(Math.abs(measured!.rho / ((first.rho + second.rho) / 2) - 1)).toBeLessThan(0.12)
      for (const { x, y } of batches) tf.dispose([x, y])
    })
  })
})

test('with a draw for each example, weight sampling has the variance of independent rows, which with one weight is that of the local trick', async () => {
  const model = units('weightSampling')
  await expectNoLeak(async () => {
    const rows = batch([0, 1, 2, 3])
    const [measured] = await gradientVariance(model, [rows], {
      likelihood,
      datasetSize: 50,
      draws: 150,
      seed: 3,
      drawFor: 'example',
    })
    const expected = exact([0, 1, 2, 3], 'localReparameterization')
    expect(Math.abs(measured!.mu / expected.mu - 1)).toBeLessThan(0.12)
    expect(Math.abs(measured!.rho / expected.rho - 1)).toBeLessThan(0.12)
    tf.dispose([rows.x, rows.y])
  })
})

test('the local trick has the smaller variance in every layer of a deeper network', async () => {
  const network = (estimator: EstimatorName): tf.LayersModel => {
    const layer = (args: object) => variationalDense({ estimator, initialSigma: 0.1, ...args } as VariationalDenseArgs)
    return tf.sequential({
      layers: [layer({ units: 12, inputShape: [4], activation: 'relu', seed: 1 }), layer({ units: 1, seed: 2 })],
    })
  }
  const batches = [{ x: tf.randomNormal([40, 4], 0, 1, 'float32', 1), y: tf.randomNormal([40, 1], 0, 1, 'float32', 2) }]
  const options = { likelihood, datasetSize: 400, draws: 30, seed: 1 }
  const sampled = await gradientVariance(network('weightSampling'), batches, options)
  const local = await gradientVariance(network('localReparameterization'), batches, options)
  expect(local).toHaveLength(2)
  local.forEach(({ mu, rho }, i) => {
    expect(mu).toBeLessThan(sampled[i]!.mu / 1.5)
    expect(rho).toBeLessThan(sampled[i]!.rho / 5)
  })
  tf.dispose(batches.map(({ x, y }) => [x, y]))
})

test('refuses one draw, no minibatch, and a model without Bayesian layers', async () => {
  const model = units('weightSampling')
  const rows = batch([0])
  const options = { likelihood, datasetSize: 1, draws: 2, seed: 1 }
  await expect(gradientVariance(model, [rows], { ...options, draws: 1 })).rejects.toThrow(
    /draws is 1; .* one draw has no variance/,
  )
  await expect(gradientVariance(model, [], options)).rejects.toThrow(InvalidOptionError)
  const plain = tf.sequential({ layers: [tf.layers.dense({ units: UNITS, inputShape: [1] })] })
  await expect(gradientVariance(plain, [rows], options)).rejects.toThrow(UnsupportedModelError)
  tf.dispose([rows.x, rows.y])
})
