import * as tf from '@tensorflow/tfjs'
import { Laplace, Normal, NormalScaleMixture } from '@tfjs-bayes/distributions'
import { expectTensorsClose, normalPValue } from '@tfjs-bayes/testing'
import { describe, expect, test } from 'vitest'
import {
  ForwardPass,
  givenNoise,
  seededNoise,
  type VariationalDense,
  type VariationalLayer,
  variationalConv2d,
  variationalDense,
} from '../src/index.ts'
import { inputOf, layerCases } from './operatorCases.ts'
import { normal, valuesOf } from './values.ts'

/*
 * Mistakes of other libraries that touch layers: a test each, dense layers first, then every layer and priors that are learned. Zero rows, the overflow
 * of softplus, saving, a KL divided by a guessed number of examples and a KL taken on other weights than the prediction's have theirs elsewhere.
 */

function layerOf(options: Partial<Parameters<typeof variationalDense>[0]>, inputs = 3): VariationalDense {
  const layer = variationalDense({ units: 2, ...options } as Parameters<typeof variationalDense>[0])
  layer.apply(tf.input({ shape: [inputs] }))
  return layer
}

/** KL of N(m, s^2) from N(0, p^2), summed over the weights, by the textbook formula in float64. */
function klByHand(layer: VariationalLayer, priorSigma: number): number {
  return tf.tidy(() => {
    let total = 0
    for (const { mu, rho } of layer.weightTensors) {
      const means = valuesOf(mu.read()).data
      const sigmas = valuesOf(rho!.read()).data.map((value) => Math.log1p(Math.exp(value)))
      means.forEach((m, i) => {
        const s = sigmas[i]!
        total += Math.log(priorSigma / s) + (s * s + m * m) / (2 * priorSigma * priorSigma) - 0.5
      })
    }
    return total
  })
}

function klOf(layer: VariationalLayer, mode: 'mean' | 'sample', x: tf.Tensor): number {
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

describe.each(layerCases)('$title', (layerCase) => {
  const prior = new Normal({ mu: 0, sigma: 0.3 })

  test.each([false, true])(
    'sums the KL over its weights, of the bias too, with its own prior (learned: %s)',
    (trainablePrior) => {
      const layer = layerCase.make({ prior, trainablePrior, initialSigma: 0.1 })
      const x = inputOf(layerCase, 2, 1)
      layer.apply(x)
      tf.tidy(() => {
        for (const { mu } of layer.weightTensors) mu.write(normal(mu.shape as number[], 2))
        layer.priorLogScale?.write(tf.scalar(0.5))
      })
      const sigma = trainablePrior ? 0.3 * Math.exp(0.5) : 0.3
      // Predicting with the means has one, too: there is a test ELBO.
      for (const mode of ['sample', 'mean'] as const) expect(klOf(layer, mode, x) / klByHand(layer, sigma)).toBeCloseTo(1, 5)
      // Rows and positions do not multiply it.
      const larger = layerCase.takesIndices ? tf.ones([7, 9]) : tf.ones([7, ...layerCase.inputShape])
      expect(klOf(layer, 'sample', larger)).toBe(klOf(layer, 'sample', x))
      tf.dispose([x, larger])
    },
  )

  test('pulls a weight far away from the prior as the prior says: no constant inside the logarithm', () => {
    tf.tidy(() => {
      // 30 of the prior's scales away: the density itself is 0 in float32.
      const far = 3
      for (const [options, slope] of [
        [{ prior: new Normal({ mu: 0, sigma: 0.1 }) }, far / 0.01],
        [{ prior: new Normal({ mu: 0, sigma: 0.1 }), kl: 'monteCarlo' }, far / 0.01],
        [{ prior: new Laplace({ mu: 0, scale: 0.1 }) }, 1 / 0.1],
        [{ prior: new NormalScaleMixture({ weights: [0.5, 0.5], sigmas: [0.1, 0.01] }), kl: 'monteCarlo' }, far / 0.01],
      ] as const) {
        const layer = layerCase.make({ ...options, estimator: 'weightSampling', initialSigma: 1e-4 })
        layer.apply(tf.input({ shape: [...layerCase.inputShape] }))
        layer.kernelMu.write(tf.fill(layer.kernelMu.shape as number[], far))
        const mu = layer.kernelMu.read() as tf.Variable
        const { grads } = tf.variableGrads(() => layer.kl(new ForwardPass({ mode: 'sample', noise: seededNoise(1, 0) })), [mu])
        expectTensorsClose(grads[mu.name]!, tf.fill(mu.shape, slope), { relative: 0.01 })
      }
    })
  })

  test('mixes a scale mixture weight by weight, not tensor by tensor, also where its scales are learned', () => {
    tf.tidy(() => {
      const mixture = new NormalScaleMixture({ weights: [0.25, 0.75], sigmas: [0.01, 1] })
      const layer = layerCase.make({ prior: mixture, kl: 'monteCarlo', estimator: 'weightSampling', trainablePrior: true })
      layer.apply(tf.input({ shape: [...layerCase.inputShape] }))
      layer.priorLogScale!.write(tf.scalar(Math.log(2)))
      const pass = new ForwardPass({ mode: 'sample', noise: seededNoise(1, 0) })
      const draws = layer.weightsIn(pass).map((weight) => valuesOf(weight).data)
      const expected = layer.weightTensors.map(({ mu, rho }, i) => {
        const [means, rhos] = [valuesOf(mu.read()).data, valuesOf(rho!.read()).data]
        return draws[i]!.reduce((sum, w, j) => {
          const q = density(w - means[j]!, Math.log1p(Math.exp(rhos[j]!)))
          return sum + Math.log(q) - Math.log(0.25 * density(w, 0.02) + 0.75 * density(w, 2))
        }, 0)
      })
      const total = expected.reduce((sum, each) => sum + each, 0)
      expect(layer.kl(pass).dataSync()[0]! / total).toBeCloseTo(1, 4)
    })
  })

  test('pruned by a very negative rho, a weight is its mean, and its KL stays a number', () => {
    tf.tidy(() => {
      const layer = layerCase.make({ estimator: 'weightSampling' })
      const x = inputOf(layerCase, 2, 3)
      layer.apply(x)
      for (const { mu, rho } of layer.weightTensors) {
        mu.write(tf.zeros(mu.shape as number[]))
        rho!.write(tf.fill(rho!.shape as number[], -1000))
      }
      const pass = new ForwardPass({ mode: 'sample', noise: seededNoise(1, 0) })
      const y = layer.apply(x, { pass }) as tf.Tensor
      expect(y.abs().max().dataSync()[0]).toBeLessThan(1e-30)
      const count = layer.weightTensors.reduce((sum, { mu }) => sum + tf.util.sizeFromShape(mu.shape as number[]), 0)
      // log(1 / sigma) - 1 / 2 with sigma = exp(-87).
      expect(pass.kl().dataSync()[0]! / (count * 86.5)).toBeCloseTo(1, 4)
    })
  })
})

function density(x: number, sigma: number): number {
  return Math.exp(-0.5 * (x / sigma) ** 2) / (sigma * Math.sqrt(2 * Math.PI))
}

describe('a convolution', () => {
  const image = (rows: number): tf.Tensor => tf.zeros([rows, 2, 1, 1])
  const layer = (estimator: 'localReparameterization' | 'flipout'): VariationalLayer =>
    variationalConv2d({ filters: 1, kernelSize: 1, estimator, initialSigma: 1, kernelInitializer: 'zeros', seed: 1 })

  test('of the local trick has noise of its own at each row and position, that of the bias included', () => {
    tf.tidy(() => {
      const rows = 4000
      // Zero inputs leave the bias alone.
      const pass = new ForwardPass({ mode: 'sample', noise: seededNoise(2, 0) })
      const y = (layer('localReparameterization').apply(image(rows), { pass }) as tf.Tensor).reshape([rows, 2])
      const [here, there] = tf.split(y, 2, 1)
      for (const [a, b] of [
        [here!, there!],
        [here!.slice([0, 0], [rows / 2, 1]), here!.slice([rows / 2, 0], [rows / 2, 1])],
      ] as const) {
        const z = a.mul(b).mean().dataSync()[0]! * Math.sqrt(a.size)
        expect(normalPValue(z), `seed 2, z ${z}`).toBeGreaterThan(1e-6)
      }
      expect(y.square().mean().dataSync()[0]).toBeCloseTo(1, 1)
    })
  })

  test('of flipout has one sign for all positions of a row: each row sees weights that a draw could have', () => {
    tf.tidy(() => {
      const pass = new ForwardPass({ mode: 'sample', noise: seededNoise(2, 0) })
      const y = (layer('flipout').apply(tf.onesLike(image(50)), { pass }) as tf.Tensor).reshape([50, 2])
      const [here, there] = tf.split(y, 2, 1)
      expectTensorsClose(here!, there!, { absolute: 1e-6 })
      // Both signs are there.
      expect(here!.min().dataSync()[0]).toBeLessThan(here!.max().dataSync()[0]! - 0.1)
    })
  })
})
