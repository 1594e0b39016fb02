import * as tf from '@tensorflow/tfjs'
import { Normal } from '@tfjs-bayes/distributions'
import { variationalDense } from '@tfjs-bayes/layers'
import { expect, test } from 'vitest'
import { evaluateElbo } from '../evaluate/evaluateElbo.ts'
import { gaussian } from '../likelihoods/gaussian.ts'
import { fit } from './fit.ts'

/**
 * Linear regression whose inputs (with the column of ones) are orthogonal, X'X = n I: the exact posterior is N(X'y / (n + sigma^2 / tau^2), 1 / (n / sigma^2 +
 * 1 / tau^2)) weight by weight, so a mean-field Gaussian can be it, and then the ELBO is the log evidence.
 */
const ROWS = 16
const SIGMA = 0.5
const TAU = 1.5
// Rows of a Hadamard matrix by the parity of common bits.
const parity = (bits: number): number => [...bits.toString(2)].filter((bit) => bit === '1').length % 2
const columns = [1, 2, 7, 0].map((k) => Array.from({ length: ROWS }, (_, row) => (parity(row & k) === 0 ? 1 : -1)))
const noise = Array.from({ length: ROWS }, (_, row) => 0.6 * Math.sin(3.7 * row + 1))
const y = noise.map((value, row) => value + [0.8, -0.4, 0.2, 0.3].reduce((sum, w, k) => sum + w * columns[k]![row]!, 0))

const precision = ROWS / SIGMA ** 2 + 1 / TAU ** 2
const products = columns.map((column) => column.reduce((sum, value, row) => sum + value * y[row]!, 0))
const mean = products.map((product) => product / SIGMA ** 2 / precision)
// log N(y; 0, sigma^2 I + tau^2 X X'), whose eigenvalues are sigma^2 + n tau^2 along the columns and sigma^2 across them.
const along = SIGMA ** 2 + ROWS * TAU ** 2
const projected = products.reduce((sum, product) => sum + product ** 2 / ROWS, 0)
const across = y.reduce((sum, value) => sum + value ** 2, 0) - projected
const logEvidence =
  -0.5 *
  (ROWS * Math.log(2 * Math.PI) +
    4 * Math.log(along) +
    (ROWS - 4) * Math.log(SIGMA ** 2) +
    projected / along +
    across / SIGMA ** 2)

test('means, marginal variances and evidence of an exact posterior are recovered', async () => {
  const layer = variationalDense({
    units: 1,
    inputShape: [3],
    prior: new Normal({ mu: 0, sigma: TAU }),
    initialSigma: 0.3,
    seed: 1,
  })
  const model = tf.sequential({ layers: [layer] })
  const data = {
    x: { values: Float32Array.from({ length: 3 * ROWS }, (_, i) => columns[i % 3]![Math.floor(i / 3)]!), shape: [ROWS, 3] },
    y: Float32Array.from(y),
  }
  const likelihood = gaussian({ sigma: SIGMA })
  for (const [learningRate, epochs] of [
    [0.05, 80],
    [0.005, 60],
    [0.0007, 60],
  ] as const) {
    await fit(model, data, { likelihood, epochs, batchSize: ROWS, samples: 8, seed: epochs, learningRate })
  }
  const { kernel, bias } = layer.posterior()
  const both = (of: (normal: Normal) => unknown): number[] => [kernel, bias!].flatMap((n) => [...(of(n) as tf.Tensor).dataSync()])
  for (const [k, mu] of both((n) => n.mu).entries()) expect(Math.abs(mu - mean[k]!) * Math.sqrt(precision)).toBeLessThan(0.06)
  for (const sigma of both((n) => n.sigma)) expect(Math.abs(sigma * Math.sqrt(precision) - 1)).toBeLessThan(0.03)
  let elbo = 0
  for (let seed = 0; seed < 10; seed++) {
    elbo += (await evaluateElbo(model, data, { likelihood, datasetSize: ROWS, samples: 50, seed })).elbo / 10
  }
  // The estimate's standard error is below 0.01 nats per example.
  expect(Math.abs(elbo - logEvidence / ROWS)).toBeLessThan(0.02)
})
