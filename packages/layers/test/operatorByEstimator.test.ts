import * as tf from '@tensorflow/tfjs'
import { expectNoLeak, expectTensorsClose, finiteDifference, momentsZScore, normalPValue } from '@tfjs-bayes/testing'
import { describe, expect, test } from 'vitest'
import { ForwardPass, givenNoise, seededNoise, type VariationalLayer } from '../src/index.ts'
import { type EstimatorCase, estimatorCases, moments, type PlainPosterior } from './estimatorCases.ts'
import { inputOf, type OperatorCase, operatorCases } from './operatorCases.ts'
import { normal, tensorOf, type Values, valuesOf } from './values.ts'

/** A layer with a random posterior of visible width, built for a batch of its case. */
function build(operator: OperatorCase, options: Parameters<OperatorCase['make']>[0], seed = 1): VariationalLayer {
  const layer = operator.make(options)
  layer.apply(tf.input({ shape: [...operator.inputShape] }))
  tf.tidy(() => {
    layer.weights.forEach((weight, i) => {
      const noise = normal(weight.shape as number[], seed + i)
      weight.write(weight.name.includes('rho') ? noise.mul(0.5).sub(1) : noise.mul(0.5))
    })
  })
  return layer
}

function plainPosterior(layer: VariationalLayer): PlainPosterior {
  const { kernel, bias } = layer.posterior()
  const plain = ({ mu, sigma }: typeof kernel): PlainPosterior['kernel'] => {
    const values = { mu: valuesOf(mu as tf.Tensor), sigma: valuesOf(sigma as tf.Tensor) }
    tf.dispose(sigma as tf.Tensor)
    return values
  }
  return bias === undefined ? { kernel: plain(kernel) } : { kernel: plain(kernel), bias: plain(bias) }
}

/** Chosen noise for one call of a layer on x. */
function noiseFor(operator: OperatorCase, estimator: EstimatorCase, layer: VariationalLayer, x: Values): tf.Tensor[] {
  const posterior = plainPosterior(layer)
  const output = operator.naive(x, posterior.kernel.mu, posterior.bias?.mu)
  return estimator.noiseShapes(operator, posterior, x, output).map((shape, i) => normal(shape, 100 + i))
}

function sampled(layer: tf.layers.Layer, x: tf.Tensor): tf.Tensor {
  return layer.apply(x, { pass: new ForwardPass({ mode: 'sample', noise: seededNoise(1, 1) }) }) as tf.Tensor
}

function variablesOf(weights: readonly tf.LayerVariable[]): tf.Variable[] {
  return weights.map((weight) => weight.read() as tf.Variable)
}

function expectFinite(tensor: tf.Tensor): void {
  expect(tensor.isFinite().all().dataSync()[0], tensor.toString()).toBe(1)
}

/** Runs what takes gradients; where tfjs's backend has none of this operator (wasm: no convolution can be trained), checks that it says so. */
function withGradients(operator: OperatorCase, run: () => void): void {
  const backend = tf.getBackend()
  if (operator.gradientKernels.every((kernel) => tf.getKernel(kernel, backend) != null)) run()
  else expect(run).toThrow(/Kernel .* not registered for backend/)
}

const pairs = operatorCases.flatMap((operator) =>
  estimatorCases
    .filter(({ estimator }) => !(operator.takesIndices && estimator === 'flipout'))
    .map((estimator) => ({ title: `${operator.title} x ${estimator.estimator}`, operator, estimator })),
)

describe.each(pairs)('$title', ({ operator, estimator }) => {
  const options = { estimator: estimator.estimator, seed: 1 }

  test.each([true, false])('computes its formula exactly, given the noise (bias: %s)', async (useBias) => {
    const layer = build(operator, { ...options, useBias })
    await expectNoLeak(() =>
      tf.tidy(() => {
        const x = inputOf(operator, 5, 50)
        const noise = noiseFor(operator, estimator, layer, valuesOf(x))
        const y = layer.apply(x, { pass: new ForwardPass({ mode: 'sample', noise: givenNoise(noise) }) }) as tf.Tensor
        const expected = estimator.expected(operator, valuesOf(x), plainPosterior(layer), noise.map(valuesOf))
        expectTensorsClose(y, tensorOf(expected), { absolute: 1e-5 })
      }),
    )
    layer.dispose()
  })

  test('applies the activation after the draw', () => {
    tf.tidy(() => {
      if (operator.kernelOnly) return
      const linear = build(operator, options)
      const bent = build(operator, { ...options, activation: 'tanh' })
      const x = inputOf(operator, 3, 51)
      const [y, z] = [linear, bent].map(
        (layer) => layer.apply(x, { pass: new ForwardPass({ mode: 'sample', noise: seededNoise(3, 0) }) }) as tf.Tensor,
      )
      expectTensorsClose(z!, y!.tanh())
    })
  })

  test('gives pre-activations with the mean and variance of the weights’ sum', () => {
    const draws = 300
    const layer = build(operator, options)
    const x = inputOf(operator, 2, 52)
    const columns = tf.tidy(() => {
      const run = (counter: number): tf.Tensor =>
        tf.tidy(() => layer.apply(x, { pass: new ForwardPass({ mode: 'sample', noise: seededNoise(11, counter) }) }) as tf.Tensor)
      const all = tf.stack(Array.from({ length: draws }, (_, counter) => run(counter)))
      return all.reshape([draws, -1]).transpose().arraySync() as number[][]
    })
    const { mean, variance } = moments(operator, valuesOf(x), plainPosterior(layer))
    const samples = columns.map((column, i) =>
      momentsZScore({ samples: column, mean: mean.data[i]!, variance: variance.data[i]! }),
    )
    // A false alarm in a million runs, shared among all z-scores of the test.
    const threshold = 1e-6 / (2 * samples.length)
    for (const z of samples) {
      expect(normalPValue(z.mean), `seed 11, z of the mean ${z.mean}`).toBeGreaterThan(threshold)
      expect(normalPValue(z.variance), `seed 11, z of the variance ${z.variance}`).toBeGreaterThan(threshold)
    }
  })

  test('takes integers and booleans as the numbers that they are, whose squares are large', () => {
    if (operator.takesIndices) return
    tf.tidy(() => {
      const layer = build(operator, options)
      const x = inputOf(operator, 2, 58).mul(1e5).toInt()
      for (const integers of [x, x.greater(0)]) {
        expectTensorsClose(sampled(layer, integers), sampled(layer, integers.toFloat()), { absolute: 0, relative: 1e-6 })
      }
    })
  })

  test('has the gradient of its formula, by finite differences under the same noise', () => {
    tf.tidy(() => {
      const layer = build(operator, options)
      const x = inputOf(operator, 2, 53)
      const noise = noiseFor(operator, estimator, layer, valuesOf(x))
      const loss = (input: tf.Tensor): tf.Scalar => {
        const pass = new ForwardPass({ mode: 'sample', noise: givenNoise(noise) })
        const y = layer.apply(input, { pass }) as tf.Tensor
        return y.mul(normal(y.shape, 54)).sum().add(pass.kl().mul(0.1))
      }
      withGradients(operator, () => {
        const { grads } = tf.variableGrads(() => loss(x), variablesOf(layer.weights))
        for (const weight of layer.weights) {
          const start = weight.read().clone()
          const numeric = finiteDifference((value) => {
            weight.write(value)
            return loss(x)
          }, start)
          weight.write(start)
          expectTensorsClose(grads[weight.name]!, tf.tensor(numeric, start.shape), { absolute: 3e-3, relative: 3e-3 })
        }
        if (operator.takesIndices) return
        expectTensorsClose(tf.grad(loss)(x), tf.tensor(finiteDifference(loss, x), x.shape), { absolute: 3e-3, relative: 3e-3 })
      })
    })
  })

  test.each([true, false])('keeps finite gradients on a row and on patches of zeros (bias: %s)', (useBias) => {
    tf.tidy(() => {
      const layer = build(operator, { ...options, useBias })
      const rows = inputOf(operator, 2, 55)
      // What a rectifier leaves: zeros in the first half of each axis but that of the channels.
      const patchy = operator.inputShape.reduce((values, size, axis) => {
        if (operator.inputShape.length === 1 || axis + 1 === (operator.channelAxis + values.rank) % values.rank) return values
        const shape = values.shape.map((_, i) => (i === axis + 1 ? size : 1))
        return values.mul(
          tf
            .range(0, size)
            .greaterEqual(size / 2)
            .toFloat()
            .reshape(shape),
        )
      }, rows)
      const x = tf.concat([tf.zeros([1, ...operator.inputShape]), rows, patchy])
      const loss = (input: tf.Tensor): tf.Scalar => sampled(layer, input).square().sum()
      withGradients(operator, () => {
        const { grads } = tf.variableGrads(() => loss(x), variablesOf(layer.weights))
        for (const gradient of [...Object.values(grads), ...(operator.takesIndices ? [] : [tf.grad(loss)(x)])])
          expectFinite(gradient)
      })
    })
  })

  test('is its deterministic twin when sigma goes to 0, in outputs and in gradients', () => {
    tf.tidy(() => {
      const layer = build(operator, options)
      const twin = operator.twin({})
      const x = inputOf(operator, 4, 56)
      const expected = twin.apply(x) as tf.Tensor
      for (const { rho } of layer.weightTensors) rho!.write(tf.fill(rho!.shape as number[], -60))
      const means = layer.weightTensors.map(({ mu }) => mu)
      means.forEach((mean, i) => {
        mean.write(twin.weights[i]!.read())
      })
      expectTensorsClose(sampled(layer, x), expected, { absolute: 1e-5 })
      expectTensorsClose(layer.apply(x, { pass: new ForwardPass({ mode: 'mean' }) }) as tf.Tensor, expected, { absolute: 1e-5 })
      withGradients(operator, () => {
        const gradients = (which: tf.layers.Layer, weights: tf.LayerVariable[]): tf.Tensor[] => {
          const { grads } = tf.variableGrads(() => sampled(which, x).square().sum() as tf.Scalar, variablesOf(weights))
          return weights.map((weight) => grads[weight.name]!)
        }
        const ours = gradients(layer, means)
        if (operator.twinHasNoGradient) {
          expect(() => gradients(twin, twin.weights)).toThrow(/dilation rates greater than 1 are not yet supported in gradients/)
          return
        }
        const theirs = gradients(twin, twin.weights)
        ours.forEach((gradient, i) => {
          expectTensorsClose(gradient, theirs[i]!, { absolute: 1e-4 })
        })
      })
    })
  })

  test('stays finite at the float32 extremes of rho', () => {
    tf.tidy(() => {
      const layer = build(operator, options)
      const x = inputOf(operator, 2, 57)
      for (const extreme of [-3e38, -1e4, -87, -20, 20, 89, 1e4, 1e18]) {
        layer.kernelRho.write(tf.fill(layer.kernelRho.shape as number[], extreme))
        expect((layer.posterior().kernel.sigma as tf.Tensor).min().dataSync()[0]).toBeGreaterThan(0)
        const loss = (): tf.Scalar => {
          const pass = new ForwardPass({ mode: 'sample', noise: seededNoise(1, 1) })
          return (layer.apply(x, { pass }) as tf.Tensor).sum().add(pass.kl()) as tf.Scalar
        }
        expectFinite(loss())
        withGradients(operator, () => {
          for (const gradient of Object.values(tf.variableGrads(loss, variablesOf(layer.weights)).grads)) expectFinite(gradient)
        })
      }
    })
  })

  test('takes a batch of any size, 0 and 1 included', async () => {
    const layer = build(operator, options)
    await expectNoLeak(() => {
      for (const batch of [0, 1, 6]) {
        for (const mode of ['mean', 'sample'] as const) {
          tf.tidy(() => {
            const y = layer.apply(tf.ones([batch, ...operator.inputShape]), {
              pass: new ForwardPass({ mode, noise: seededNoise(1, 1) }),
            }) as tf.Tensor
            expect(y.shape).toEqual(layer.computeOutputShape([batch, ...operator.inputShape]))
          })
        }
      }
    })
  })
})
