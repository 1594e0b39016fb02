import * as tf from '@tensorflow/tfjs'
import { inverseSoftplus, Normal } from '@tfjs-bayes/distributions'
import { expectNoLeak } from '@tfjs-bayes/testing'
import { expect, test } from 'vitest'
import { InvalidOptionError } from './errors.ts'
import { ForwardPass } from './forwardPass.ts'
import { variationalDense } from './layers/variationalDense.ts'
import { formatPosteriorSummary, posteriorSummary } from './posteriorSummary.ts'

const prior = new Normal({ mu: 0, sigma: 0.5 })

function model(): tf.Sequential {
  return tf.sequential({
    layers: [
      variationalDense({ units: 2, inputShape: [2], name: 'first', prior, useBias: false }),
      variationalDense({ units: 1, name: 'second', prior }),
    ],
  })
}

test('gives quantiles, KL and the share of weights at the prior', async () => {
  const net = model()
  tf.tidy(() => {
    // sigma 0.1, 0.2, 0.3, and one weight that is its prior.
    const rho = [0.1, 0.2, 0.3, 0.5].map(inverseSoftplus)
    const first = net.layers[0]!.weights
    first[0]!.write(tf.tensor2d([1, -2, 3, 0], [2, 2]))
    first[1]!.write(tf.tensor2d(rho, [2, 2]))
  })
  await expectNoLeak(async () => {
    const { layers, weights, kl } = await posteriorSummary(net)
    const [first, second] = layers
    expect([first!.layer, second!.layer]).toEqual(['first', 'second'])
    expect([first!.weights, second!.weights, weights]).toEqual([4, 3, 7])
    expect(first!.sigma.median).toBeCloseTo(0.25, 6)
    expect(first!.sigma.q25).toBeCloseTo(0.175, 6)
    // |mu| / sigma is 10, 10, 10, 0.
    expect(first!.signalToNoise.median).toBeCloseTo(10, 4)
    expect(first!.signalToNoise.q05).toBeCloseTo(1.5, 4)
    expect(first!.priorShare).toBe(0.25)
    const expected = tf.tidy(() => {
      const pass = new ForwardPass({ mode: 'mean' })
      net.apply(tf.ones([1, 2]), { pass })
      return pass.kl().dataSync()[0]!
    })
    expect(kl! / expected).toBeCloseTo(1, 5)
  })
})

test('prints as a table', async () => {
  const text = formatPosteriorSummary(await posteriorSummary(model(), { threshold: 0.1 }))
  const lines = text.split('\n')
  expect(lines).toHaveLength(4)
  expect(lines[0]).toMatch(/^layer +weights +KL \(nats\).*KL < 0\.1$/)
  expect(lines[1]).toMatch(/^first +4 .*%$/)
  expect(lines[3]).toMatch(/^total +7 +[\d.]+ +[\d.]+$/)
})

test('of a model without variational layers is empty', async () => {
  const plain = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1] })] })
  expect(await posteriorSummary(plain)).toEqual({ layers: [], weights: 0, kl: 0, threshold: 0.01 })
})

test('a threshold that is none is refused', async () => {
  for (const threshold of [0, -1, Number.NaN, '1' as unknown as number]) {
    const summary = posteriorSummary(model(), { threshold })
    await expect(summary).rejects.toThrow(InvalidOptionError)
    await expect(summary).rejects.toThrow(/posteriorSummary: threshold is .*; expected a finite number of nats > 0/)
  }
})
