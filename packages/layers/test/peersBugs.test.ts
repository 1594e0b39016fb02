import * as tf from '@tensorflow/tfjs'
import { Normal } from '@tfjs-bayes/distributions'
import { expectTensorsClose, normalPValue } from '@tfjs-bayes/testing'
import { describe, expect, test } from 'vitest'
import { ForwardPass, givenNoise, seededNoise, type VariationalDense, variationalDense } from '../src/index.ts'
import { normal, valuesOf } from './values.ts'

/** Mistakes of other libraries that touch layers: design.md, section 9. The zero row, the overflow of softplus and saving have their tests elsewhere. */

function layerOf(options: Partial<Parameters<typeof variationalDense>[0]>, inputs = 3): VariationalDense {
  const layer = variationalDense({ units: 2, ...options } as Parameters<typeof variationalDense>[0])
  layer.apply(tf.input({ shape: [inputs] }))
  return layer
}

/** KL of N(m, s^2) from N(0, p^2), summed over the weights, by the textbook formula in float64. */
function klByHand(layer: VariationalDense, priorSigma: number): number {
  return tf.tidy(() => {
    const { kernel, bias } = layer.posterior()
    let total = 0
    for (const { mu, sigma } of [kernel, ...(bias ? [bias] : [])]) {
      const means = valuesOf(mu as tf.Tensor).data
      const sigmas = valuesOf(sigma as tf.Tensor).data
      means.forEach((m, i) => {
        const s = sigmas[i]!
        total += Math.log(priorSigma / s) + (s * s + m * m) / (2 * priorSigma * priorSigma) - 0.5
      })
    }
    return total
  })
}

function klOf(layer: VariationalDense, mode: 'mean' | 'sample', x: tf.Tensor): number {
  return tf.tidy(() => {
    const pass = new ForwardPass({ mode, noise: seededNoise(1, 0) })
    layer.apply(x, { pass })
    return pass.kl().dataSync()[0]!
  })
}

describe('the KL', () => {
  test('is a sum over the weights, not a mean, and the prior’s sigma is no variance', () => {
    const layer = layerOf({ prior: new Normal({ mu: 0, sigma: 0.3 }) }, 40)
    const x = tf.ones([2, 40])
    expect(klOf(layer, 'sample', x) / klByHand(layer, 0.3)).toBeCloseTo(1, 5)
  })

  test('of the bias uses the layer’s own prior', () => {
    for (const sigma of [0.1, 2]) {
      const layer = layerOf({ prior: new Normal({ mu: 0, sigma }) }, 1)
      layer.biasMu!.write(tf.tensor1d([0.7, -0.2]))
      expect(klOf(layer, 'sample', tf.ones([1, 1])) / klByHand(layer, sigma)).toBeCloseTo(1, 5)
    }
  })

  test('is not 0 when predicting with the means: there is a test ELBO', () => {
    for (const options of [{}, { estimator: 'weightSampling', kl: 'monteCarlo' } as const]) {
      const layer = layerOf(options)
      expect(klOf(layer, 'mean', tf.ones([1, 3])) / klByHand(layer, 1)).toBeCloseTo(1, 5)
    }
  })

  test('does not depend on the batch', () => {
    const layer = layerOf({})
    expect(klOf(layer, 'sample', tf.ones([64, 3]))).toBe(klOf(layer, 'sample', tf.ones([1, 3])))
  })
})

test('the bias of the local trick has noise of its own in each row', () => {
  tf.tidy(() => {
    const rows = 4000
    const layer = layerOf({ estimator: 'localReparameterization', initialSigma: 1 })
    // Zero inputs leave the bias alone: what rows have in common would be its noise.
    const y = layer.apply(tf.zeros([rows, 3]), {
      pass: new ForwardPass({ mode: 'sample', noise: seededNoise(2, 0) }),
    }) as tf.Tensor
    const [left, right] = [y.slice([0, 0], [rows / 2, 1]), y.slice([rows / 2, 0], [rows / 2, 1])]
    const correlation = left.mul(right).mean().dataSync()[0]! * Math.sqrt(rows / 2)
    expect(normalPValue(correlation), `seed 2, z ${correlation}`).toBeGreaterThan(1e-6)
    expect(y.square().mean().dataSync()[0]).toBeCloseTo(1, 1)
  })
})

test('the noise is one number for each row and unit, shared by nothing', () => {
  tf.tidy(() => {
    const layer = layerOf({ estimator: 'localReparameterization' })
    const x = normal([5, 3], 3)
    expect(() => layer.apply(x, { pass: new ForwardPass({ mode: 'sample', noise: givenNoise([tf.zeros([2])]) }) })).toThrow(
      /asks for \[5,2\]/,
    )
  })
})

test('noise stays noise in a traced step: nothing depends on how often the layer was called', () => {
  tf.tidy(() => {
    const layer = layerOf({ estimator: 'weightSampling' })
    const x = tf.ones([1, 3])
    const run = (counter: number): tf.Tensor =>
      layer.apply(x, {
        pass: new ForwardPass({ mode: 'sample', noise: seededNoise(1, tf.scalar(counter, 'int32')) }),
      }) as tf.Tensor
    const first = run(0)
    run(1)
    expectTensorsClose(run(0), first, { absolute: 0, relative: 0 })
    expect(run(1).equal(first).any().dataSync()[0]).toBe(0)
  })
})
