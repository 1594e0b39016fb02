import * as tf from '@tensorflow/tfjs'
import { Normal } from '@tfjs-bayes/distributions'
import { type EstimatorName, ForwardPass, givenNoise, type KlMethod, variationalDense } from '@tfjs-bayes/layers'
import { expectNoLeak } from '@tfjs-bayes/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { InvalidOptionError } from '../errors.ts'
import { gaussian } from '../likelihoods/gaussian.ts'
import { negativeElbo } from './negativeElbo.ts'

test('is nll + beta * kl / N', async () => {
  await expectNoLeak(() => {
    const nll = tf.scalar(0.5)
    const kl = tf.scalar(300)
    const beta = tf.scalar(0.25)
    for (const [loss, expected] of [
      [negativeElbo({ nll, kl, datasetSize: 1000 }), 0.8],
      [negativeElbo({ nll, kl, datasetSize: 1000, beta: 0.5 }), 0.65],
      [negativeElbo({ nll, kl, datasetSize: 1000, beta }), 0.575],
      [negativeElbo({ nll, kl, datasetSize: 1000, beta: 0 }), 0.5],
    ] as const) {
      expect(loss.dataSync()[0]).toBeCloseTo(expected, 6)
      loss.dispose()
    }
    tf.dispose([nll, kl, beta])
  })
})

test('refuses a data set of no examples and a negative beta', () => {
  tf.tidy(() => {
    const terms = { nll: tf.scalar(1), kl: tf.scalar(1) }
    expect(() => negativeElbo({ ...terms, datasetSize: 0 })).toThrow(InvalidOptionError)
    expect(() => negativeElbo({ ...terms, datasetSize: Number.NaN })).toThrow(/datasetSize is NaN/)
    expect(() => negativeElbo({ ...terms, datasetSize: 1, beta: -1 })).toThrow(/beta is -1/)
  })
})

/**
 * The identity holds where each row has the same noise in the full batch as in its minibatch: with posterior means; with the local trick, whose
 * noise belongs to rows; and with weight sampling where all minibatches see one draw (then it is the same KL too, Monte-Carlo or closed).
 */
describe('the ELBO of a full batch is the sum of those of unequal minibatches, weighted by their rows', () => {
  const choices: [name: string, mode: 'mean' | 'sample', estimator: EstimatorName, kl: KlMethod][] = [
    ['posterior means', 'mean', 'localReparameterization', 'closed'],
    ['local reparameterization, noise of the rows', 'sample', 'localReparameterization', 'closed'],
    ['weight sampling, one draw, closed KL', 'sample', 'weightSampling', 'closed'],
    ['weight sampling, one draw, Monte-Carlo KL', 'sample', 'weightSampling', 'monteCarlo'],
  ]
  test.each(choices)('%s', async (_, mode, estimator, kl) => {
    const sizes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 })
    await expectNoLeak(() => {
      fc.assert(
        fc.property(sizes, fc.integer({ min: 1, max: 1000 }), fc.constantFrom(0, 0.5, 1, 2), (batches, seed, beta) => {
          const rows = batches.reduce((a, b) => a + b)
          const args = { units: 3, inputShape: [2], estimator, kl, prior: new Normal({ mu: 0, sigma: 0.5 }), initialSigma: 0.3 }
          const model = tf.sequential({ layers: [variationalDense(args as Parameters<typeof variationalDense>[0])] })
          tf.tidy(() => {
            const x = tf.randomNormal([rows, 2], 0, 1, 'float32', seed)
            const y = tf.randomNormal([rows, 3], 0, 1, 'float32', seed + 1)
            const perRow = estimator === 'localReparameterization'
            const noise = perRow
              ? [tf.randomNormal([rows, 3], 0, 1, 'float32', seed + 2)]
              : [tf.randomNormal([2, 3], 0, 1, 'float32', seed + 2), tf.randomNormal([3], 0, 1, 'float32', seed + 3)]
            const loss = (start: number, size: number): number => {
              const given = perRow ? noise.map((n) => tf.slice(n, [start], [size])) : noise
              const pass = new ForwardPass({ mode, noise: givenNoise(given) })
              const outputs = model.apply(tf.slice(x, [start], [size]), { pass }) as tf.Tensor
              const nll = tf.neg(
                tf.mean(gaussian({ sigma: 0.7 }).logLikelihood(outputs, tf.slice(y, [start], [size]))),
              ) as tf.Scalar
              return negativeElbo({ nll, kl: pass.kl(), datasetSize: rows, beta }).dataSync()[0]!
            }
            let start = 0
            let weighted = 0
            for (const size of batches) {
              weighted += (size / rows) * loss(start, size)
              start += size
            }
            const full = loss(0, rows)
            expect(Math.abs(weighted - full)).toBeLessThan(1e-5 * Math.max(1, Math.abs(full)))
          })
          model.dispose()
        }),
        { numRuns: 25 },
      )
    })
  })
})
