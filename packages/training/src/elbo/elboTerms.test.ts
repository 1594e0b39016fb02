import * as tf from '@tensorflow/tfjs'
import { Normal } from '@tfjs-bayes/distributions'
import { ForwardPass, seededNoise, variationalDense, variationalLayers } from '@tfjs-bayes/layers'
import { expect, test, vi } from 'vitest'
import { categorical } from '../likelihoods/categorical.ts'
import { elboTerms } from './elboTerms.ts'

const likelihood = categorical()
const prior = new Normal({ mu: 0, sigma: 1 })

function network(args: Partial<Parameters<typeof variationalDense>[0]> = {}): tf.LayersModel {
  const hidden = { units: 4, inputShape: [3], activation: 'relu' as const, prior, initialSigma: 0.4, seed: 1 }
  const options = args as Record<string, unknown>
  return tf.sequential({
    layers: [
      variationalDense({ ...hidden, ...options }),
      variationalDense({ units: 3, prior, initialSigma: 0.4, seed: 2, ...options }),
    ],
  })
}

function rows(): { x: tf.Tensor; y: tf.Tensor } {
  return { x: tf.randomNormal([6, 3], 0, 1, 'float32', 5), y: tf.tensor1d([0, 1, 2, 2, 1, 0], 'int32') }
}

const number = (scalar: tf.Tensor): number => scalar.dataSync()[0]!

test('S draws average the NLL; draw s of call c has the noise of counter c S + s', () => {
  tf.tidy(() => {
    const model = network()
    const { x, y } = rows()
    const terms = elboTerms({ model, likelihood, samples: 3, seed: 9 })(x, y, tf.scalar(2, 'int32'))
    const each = [6, 7, 8].map((counter) => {
      const pass = new ForwardPass({ mode: 'sample', noise: seededNoise(9, counter) })
      return -number(tf.mean(likelihood.logLikelihood(model.apply(x, { pass }) as tf.Tensor, y)))
    })
    expect(number(terms.nll)).toBeCloseTo(each.reduce((a, b) => a + b) / 3, 5)
  })
})

test('antithetic draws come in pairs: the second has the noise of the first with its sign turned', () => {
  tf.tidy(() => {
    const model = network({ estimator: 'weightSampling', kl: 'monteCarlo' })
    const { x, y } = rows()
    const options = { model, likelihood, samples: 4, seed: 9, noise: 'antithetic' } as const
    const terms = elboTerms(options)(x, y, tf.scalar(3, 'int32'))
    // Draws 12 to 15: pairs 6 and 7.
    const each = [6, 7].flatMap((pair) =>
      [1, -1].map((sign) => {
        const source = seededNoise(9, pair)
        const pass = new ForwardPass({ mode: 'sample', noise: (shape, stream) => tf.mul(source(shape, stream), sign) })
        const nll = -number(tf.mean(likelihood.logLikelihood(model.apply(x, { pass }) as tf.Tensor, y)))
        return { nll, kl: number(pass.kl()) }
      }),
    )
    const mean = (of: 'nll' | 'kl'): number => each.reduce((sum, draw) => sum + draw[of], 0) / 4
    expect(number(terms.nll)).toBeCloseTo(mean('nll'), 5)
    expect(number(terms.kl)).toBeCloseTo(mean('kl'), 4)
    expect(each[0]!.nll).not.toBeCloseTo(each[1]!.nll, 3)
  })
})

test('antithetic pairs take the odd noise out of the gradient of rho, which is nearly all of it under weight sampling', () => {
  const variance = (noise: 'independent' | 'antithetic'): number =>
    tf.tidy(() => {
      const model = network({ estimator: 'weightSampling', kl: 'closed', initialSigma: 0.05 })
      const { x, y } = rows()
      const terms = elboTerms({ model, likelihood, samples: 2, seed: 9, noise })
      const rho = variationalLayers(model)[0]!
        .trainableWeights.find(({ name }) => /rho/.test(name))!
        .read() as tf.Variable
      const gradients = Array.from({ length: 60 }, (_, counter) => {
        const { grads } = tf.variableGrads(() => terms(x, y, tf.scalar(counter, 'int32')).nll, [rho])
        return grads[rho.name]!
      })
      return number(tf.mean(tf.moments(tf.stack(gradients), 0).variance))
    })
  const ratio = variance('independent') / variance('antithetic')
  console.info(`variance of the gradient of rho, independent / antithetic draws: ${ratio.toFixed(0)}`)
  expect(ratio).toBeGreaterThan(10)
})

test('the KL counts once, not once a draw', () => {
  tf.tidy(() => {
    const model = network()
    const { x, y } = rows()
    const kl = (samples: number): number =>
      number(elboTerms({ model, likelihood, samples, seed: 9 })(x, y, tf.scalar(0, 'int32')).kl)
    expect(kl(5)).toBe(kl(1))
    expect(kl(1)).toBeGreaterThan(1)
  })
})

test('the KL is summed over all weights of all layers, biases included, and never averaged', () => {
  tf.tidy(() => {
    const model = network()
    const { x, y } = rows()
    const { kl } = elboTerms({ model, likelihood, samples: 1, seed: 9 })(x, y, tf.scalar(0, 'int32'))
    let sum = 0
    for (const layer of variationalLayers(model)) {
      const { kernel, bias } = layer.posterior()
      for (const { mu, sigma } of [kernel, bias!]) {
        const means = (mu as tf.Tensor).dataSync()
        ;(sigma as tf.Tensor).dataSync().forEach((s, i) => {
          sum += (s ** 2 + means[i]! ** 2 - 1) / 2 - Math.log(s)
        })
      }
    }
    expect(number(kl) / sum).toBeCloseTo(1, 5)
  })
})

test('a Monte-Carlo KL is averaged over the draws', () => {
  tf.tidy(() => {
    const model = network({ estimator: 'weightSampling', kl: 'monteCarlo' })
    const { x, y } = rows()
    const kl = (samples: number, counter: number): number =>
      number(elboTerms({ model, likelihood, samples, seed: 9 })(x, y, tf.scalar(counter, 'int32')).kl)
    expect(kl(2, 3)).toBeCloseTo((kl(1, 6) + kl(1, 7)) / 2, 4)
    expect(kl(1, 6)).not.toBe(kl(1, 7))
  })
})

test('a model without Bayesian layers is run once, with a KL of 0', () => {
  tf.tidy(() => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [3] })] })
    const { x, y } = rows()
    const run = vi.spyOn(model, 'apply')
    const terms = elboTerms({ model, likelihood, samples: 50, seed: 9 })(x, y, tf.scalar(0, 'int32'))
    expect(run).toHaveBeenCalledTimes(1)
    expect(number(terms.kl)).toBe(0)
  })
})
