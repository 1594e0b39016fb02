import * as tf from '@tensorflow/tfjs'
import { Normal } from '@tfjs-bayes/distributions'
import { variationalDense } from '@tfjs-bayes/layers'
import { beforeAll, describe, expect, test } from 'vitest'
import { evaluateElbo } from '../evaluate/evaluateElbo.ts'
import { gaussian } from '../likelihoods/gaussian.ts'
import { fit } from './fit.ts'

/**
 * y = x w + b + N(0, sigma^2) with w, b ~ N(0, priorSigma^2): the posterior is N(m, L^-1) with L = X'X / sigma^2 + I / priorSigma^2 (X with a column of ones)
 * and m = L^-1 X'y / sigma^2 (Bishop, 2006, "Pattern Recognition and Machine Learning", equations 3.50 and 3.51).
 * The best mean-field Gaussian has the same mean and variances 1 / L_ii (equation 10.13 and after), and its ELBO is below the log evidence by
 * (sum log L_ii - log det L) / 2.
 */
const ROWS = 48
const SIGMA = 0.5
const PRIOR_SIGMA = 1.5

const x = tf.tidy(() => {
  const z = tf.randomNormal([ROWS, 3], 0, 1, 'float32', 21)
  // Correlated inputs: the exact posterior is not diagonal, and the mean-field optimum truly differs from its marginals.
  return tf.matMul(
    z,
    tf.tensor2d([
      [1, 0.6, 0],
      [0, 0.8, 0.3],
      [0, 0, 1],
    ]),
  )
})
const y = tf.tidy(() => {
  const noise = tf.mul(tf.randomNormal([ROWS, 1], 0, 1, 'float32', 22), SIGMA)
  return tf.add(tf.add(tf.matMul(x, tf.tensor2d([[1.2], [-0.7], [0.4]])), 0.3), noise)
})
const design = Array.from({ length: ROWS }, (_, row) => [...x.dataSync().slice(3 * row, 3 * row + 3), 1])
const targets = [...y.dataSync()]

const precision = [0, 1, 2, 3].map((i) =>
  [0, 1, 2, 3].map((j) => design.reduce((sum, row) => sum + (row[i]! * row[j]!) / SIGMA ** 2, i === j ? PRIOR_SIGMA ** -2 : 0)),
)
const cholesky = choleskyFactor(precision)
const mean = solve(
  cholesky,
  [0, 1, 2, 3].map((i) => design.reduce((sum, row, r) => sum + (row[i]! * targets[r]!) / SIGMA ** 2, 0)),
)
const logDetPrecision = 2 * cholesky.reduce((sum, row, i) => sum + Math.log(row[i]!), 0)
const gap = (precision.reduce((sum, row, i) => sum + Math.log(row[i]!), 0) - logDetPrecision) / 2
const logEvidence = logEvidenceByCovariance()

const likelihood = gaussian({ sigma: SIGMA })
const layer = variationalDense({
  units: 1,
  inputShape: [3],
  prior: new Normal({ mu: 0, sigma: PRIOR_SIGMA }),
  initialSigma: 0.3,
  seed: 1,
})
const model = tf.sequential({ layers: [layer] })
let fitted: { mu: number[]; sigma: number[] }

beforeAll(async () => {
  for (const [learningRate, epochs] of [
    [0.05, 120],
    [0.005, 100],
    [0.0007, 80],
  ] as const) {
    await fit(model, { x, y }, { likelihood, epochs, batchSize: ROWS, samples: 8, seed: epochs, learningRate })
  }
  fitted = tf.tidy(() => {
    const { kernel, bias } = layer.posterior()
    const both = (of: (normal: Normal) => unknown): number[] =>
      [kernel, bias!].flatMap((n) => [...(of(n) as tf.Tensor).dataSync()])
    return { mu: both((n) => n.mu), sigma: both((n) => n.sigma) }
  })
})

describe('Bayesian linear regression is recovered', () => {
  test('the posterior mean is the exact one', () => {
    mean.forEach((value, i) => {
      expect(Math.abs(fitted.mu[i]! - value) * Math.sqrt(precision[i]![i]!)).toBeLessThan(0.05)
    })
  })

  test('the standard deviations are those of the mean-field optimum, 1 / sqrt(L_ii), not the exact marginals', () => {
    const marginal = [0, 1, 2, 3].map((i) =>
      Math.sqrt(
        solve(
          cholesky,
          [0, 1, 2, 3].map((j) => (i === j ? 1 : 0)),
        )[i]!,
      ),
    )
    fitted.sigma.forEach((sigma, i) => {
      expect(Math.abs(sigma * Math.sqrt(precision[i]![i]!) - 1)).toBeLessThan(0.03)
    })
    expect(marginal[1]! / fitted.sigma[1]!).toBeGreaterThan(1.2)
  })

  test('the ELBO is the log evidence less the known gap, and no posterior does better', () => {
    expect(
      elboOf(
        mean,
        precision.map((row, i) => 1 / Math.sqrt(row[i]!)),
      ),
    ).toBeCloseTo(logEvidence - gap, 9)
    const reached = elboOf(fitted.mu, fitted.sigma)
    expect(reached).toBeLessThanOrEqual(logEvidence - gap)
    expect(reached).toBeGreaterThan(logEvidence - gap - 0.01)
  })

  test('evaluateElbo estimates that ELBO, its NLL and its KL', async () => {
    const samples = 400
    const estimate = await evaluateElbo(model, { x, y }, { likelihood, datasetSize: ROWS, samples, seed: 5 })
    const exact = elboOf(fitted.mu, fitted.sigma)
    expect(estimate.kl).toBeCloseTo(klOf(fitted.mu, fitted.sigma), 4)
    // A row's squared residual has variance 4 r^2 v + 2 v^2 under the draws; rows are independent with the local trick.
    const variance = design.reduce((sum, row, r) => {
      const residual = targets[r]! - row.reduce((dot, value, i) => dot + value * fitted.mu[i]!, 0)
      const v = row.reduce((total, value, i) => total + (value * fitted.sigma[i]!) ** 2, 0)
      return sum + (4 * residual ** 2 * v + 2 * v ** 2) / (2 * SIGMA ** 2) ** 2
    }, 0)
    const standardError = Math.sqrt(variance / samples)
    expect(Math.abs(estimate.elbo * ROWS - exact)).toBeLessThan(4.5 * standardError + 1e-3)
    expect(estimate.error).toBeGreaterThan(0)
  })
})

/** The ELBO of N(mu, diag sigma^2) in closed form. */
function elboOf(mu: readonly number[], sigma: readonly number[]): number {
  const logLikelihood = design.reduce((sum, row, r) => {
    const residual = targets[r]! - row.reduce((dot, value, i) => dot + value * mu[i]!, 0)
    const variance = row.reduce((total, value, i) => total + (value * sigma[i]!) ** 2, 0)
    return sum - 0.5 * Math.log(2 * Math.PI * SIGMA ** 2) - (residual ** 2 + variance) / (2 * SIGMA ** 2)
  }, 0)
  return logLikelihood - klOf(mu, sigma)
}

function klOf(mu: readonly number[], sigma: readonly number[]): number {
  return mu.reduce((sum, m, i) => {
    const ratio = (sigma[i]! / PRIOR_SIGMA) ** 2
    return sum + 0.5 * (ratio + (m / PRIOR_SIGMA) ** 2 - 1 - Math.log(ratio))
  }, 0)
}

/** log N(y; 0, sigma^2 I + priorSigma^2 X X'), by the covariance of the data: another way to it than through the posterior. */
function logEvidenceByCovariance(): number {
  const covariance = design.map((a, i) =>
    design.map((b, j) => PRIOR_SIGMA ** 2 * a.reduce((dot, value, k) => dot + value * b[k]!, 0) + (i === j ? SIGMA ** 2 : 0)),
  )
  const factor = choleskyFactor(covariance)
  const quadratic = solve(factor, targets).reduce((sum, value, i) => sum + value * targets[i]!, 0)
  const logDet = 2 * factor.reduce((sum, row, i) => sum + Math.log(row[i]!), 0)
  return -0.5 * (quadratic + logDet + ROWS * Math.log(2 * Math.PI))
}

function choleskyFactor(matrix: readonly (readonly number[])[]): number[][] {
  const factor = matrix.map((row) => row.map(() => 0))
  for (let i = 0; i < matrix.length; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i]![j]!
      for (let k = 0; k < j; k++) sum -= factor[i]![k]! * factor[j]![k]!
      factor[i]![j] = i === j ? Math.sqrt(sum) : sum / factor[j]![j]!
    }
  }
  return factor
}

/** Solves L L' z = b. */
function solve(factor: readonly (readonly number[])[], b: readonly number[]): number[] {
  const z = [...b]
  for (let i = 0; i < z.length; i++) {
    for (let k = 0; k < i; k++) z[i]! -= factor[i]![k]! * z[k]!
    z[i]! /= factor[i]![i]!
  }
  for (let i = z.length - 1; i >= 0; i--) {
    for (let k = i + 1; k < z.length; k++) z[i]! -= factor[k]![i]! * z[k]!
    z[i]! /= factor[i]![i]!
  }
  return z
}
