import * as tf from '@tensorflow/tfjs'
import { expectNoLeak, expectTensorsClose } from '@tfjs-bayes/testing'
import { describe, expect, test } from 'vitest'
import {
  ForwardPass,
  InvalidLayerArgumentError,
  posteriorSummary,
  seededNoise,
  toBayesian,
  toDeterministic,
  VariationalSeparableConv2D,
  type VariationalSeparableConv2dArgs,
  variationalConv2d,
  variationalDepthwiseConv2d,
  variationalLayers,
  variationalSeparableConv2d,
} from '../src/index.ts'
import { normal } from './values.ts'

const exactly = { absolute: 0, relative: 0 }
const shape = [5, 4, 2]
const settings = { kernelSize: [3, 2] as [number, number], strides: [2, 2] as [number, number], padding: 'same' as const }
const canTrain = (): boolean =>
  ['Conv2DBackpropFilter', 'DepthwiseConv2dNativeBackpropFilter'].every((name) => tf.getKernel(name, tf.getBackend()) != null)

function layerOf(options: Partial<VariationalSeparableConv2dArgs> = {}): VariationalSeparableConv2D {
  const layer = variationalSeparableConv2d({
    filters: 3,
    depthMultiplier: 2,
    seed: 1,
    ...settings,
    ...options,
  } as VariationalSeparableConv2dArgs)
  layer.apply(tf.input({ shape }))
  return layer
}

describe.each(['weightSampling', 'localReparameterization', 'flipout'] as const)('with %s', (estimator) => {
  test('is a depthwise and a pointwise convolution after each other, in draws, KL and gradients', async () => {
    const layer = layerOf({ estimator, initialSigma: 0.3 })
    const [depthwise, pointwise] = [
      variationalDepthwiseConv2d({ depthMultiplier: 2, useBias: false, estimator, ...settings }),
      variationalConv2d({ filters: 3, kernelSize: 1, estimator }),
    ]
    const stack = tf.sequential({ layers: [tf.layers.inputLayer({ inputShape: shape }), depthwise, pointwise] })
    tf.tidy(() => {
      stack.setWeights(layer.getWeights())
    })
    await expectNoLeak(() =>
      tf.tidy(() => {
        const x = normal([3, ...shape], 2)
        for (const mode of ['mean', 'sample'] as const) {
          const run = (which: tf.layers.Layer): [tf.Tensor, tf.Tensor] => {
            const pass = new ForwardPass({ mode, noise: seededNoise(4, 0) })
            return [which.apply(x, { pass }) as tf.Tensor, pass.kl()]
          }
          const [[y, kl], [expectedY, expectedKl]] = [run(layer), run(stack)]
          // The noise of the layers of a stack is asked for in the same order.
          expectTensorsClose(y, expectedY, { absolute: 1e-5 })
          expectTensorsClose(kl, expectedKl, { relative: 1e-5 })
          if (!canTrain()) continue
          const gradients = (which: tf.layers.Layer): tf.Tensor[] => {
            const variables = which.weights.map((weight) => weight.read() as tf.Variable)
            const { grads } = tf.variableGrads(() => run(which)[0].square().sum().add(run(which)[1]) as tf.Scalar, variables)
            return variables.map(({ name }) => grads[name] ?? tf.scalar(0))
          }
          const expected = gradients(stack)
          gradients(layer).forEach((gradient, i) => {
            expectTensorsClose(gradient, expected[i]!, { absolute: 1e-3, relative: 1e-4 })
          })
        }
      }),
    )
  })

  test('keeps finite gradients on an image of zeros, and takes batches of 0 and 1', () => {
    tf.tidy(() => {
      const layer = layerOf({ estimator, useBias: false })
      const run = (x: tf.Tensor): tf.Tensor =>
        layer.apply(x, { pass: new ForwardPass({ mode: 'sample', noise: seededNoise(4, 0) }) }) as tf.Tensor
      for (const batch of [0, 1]) expect(run(tf.ones([batch, ...shape])).shape).toEqual([batch, 3, 2, 3])
      if (!canTrain()) return
      const gradient = tf.grad((x) => run(x).square().sum())(tf.zeros([2, ...shape]))
      expect(gradient.isFinite().all().dataSync()[0]).toBe(1)
    })
  })
})

test('has the shapes, weights and predictions of its twin', async () => {
  await expectNoLeak(async () => {
    const model = tf.sequential({
      layers: [tf.layers.separableConv2d({ filters: 3, depthMultiplier: 2, activation: 'relu', inputShape: shape, ...settings })],
    })
    const bayesian = toBayesian(model, { estimator: 'flipout' })
    const back = toDeterministic(bayesian)
    const [layer] = variationalLayers(bayesian)
    tf.tidy(() => {
      const x = normal([2, ...shape], 3)
      const expected = model.predict(x) as tf.Tensor
      expectTensorsClose(bayesian.predict(x) as tf.Tensor, expected, { absolute: 1e-5 })
      expectTensorsClose(back.predict(x) as tf.Tensor, expected, exactly)
      expect(layer!.computeOutputShape([null, ...shape])).toEqual([null, 3, 2, 3])
      expect(layer!.weights.map((weight) => weight.originalName.split('/').at(-1))).toEqual(
        ['depthwise', 'kernel', 'bias'].flatMap((name) => [`${name}_mu`, `${name}_rho`]),
      )
      expect((layer as VariationalSeparableConv2D).depthwiseMu.shape).toEqual([3, 2, 2, 2])
      expect((layer as VariationalSeparableConv2D).depthwiseRho.shape).toEqual([3, 2, 2, 2])
      expect(layer!.kernelMu.shape).toEqual([1, 1, 4, 3])
    })
    expect((await posteriorSummary(bayesian)).weights).toBe(24 + 12 + 3)
    for (const each of [model, bayesian, back]) each.dispose()
  })
})

test('survives the round trip through its config, with a pointwise initializer of its own', () => {
  const layer = layerOf({
    pointwiseInitializer: 'zeros',
    pointwiseConstraint: 'nonNeg',
    centredPrior: true,
    bias: 'deterministic',
  })
  const copy = VariationalSeparableConv2D.fromConfig(
    VariationalSeparableConv2D as never,
    JSON.parse(JSON.stringify(layer.getConfig())),
  ) as VariationalSeparableConv2D
  expect(copy.getConfig()).toEqual(layer.getConfig())
  copy.apply(tf.input({ shape }))
  tf.tidy(() => {
    expectTensorsClose(copy.kernelMu.read(), tf.zeros([1, 1, 4, 3]), exactly)
    expect(copy.depthwiseMu.read().abs().max().dataSync()[0]).toBeGreaterThan(0)
    copy.kernelMu.write(tf.fill([1, 1, 4, 3], -1))
    expectTensorsClose(copy.kernelMu.read(), tf.zeros([1, 1, 4, 3]), exactly)
  })
})

test.each([
  [{ depthMultiplier: 0 }, /Layer "bad": depthMultiplier is 0; expected a positive integer/],
  [{ dataFormat: 'channelsFirst' }, /Layer "bad": dataFormat is "channelsFirst"; expected 'channelsLast'/],
  [{ dilationRate: 2, strides: 1 }, /Layer "bad": dilationRate is \[2,2\]; expected 1/],
  [{ filters: undefined }, /Layer "bad": .*filters/],
])('%j is refused with the layer’s name', (options, message) => {
  const make = (): unknown => layerOf({ name: 'bad', ...options } as never)
  expect(make).toThrow(InvalidLayerArgumentError)
  expect(make).toThrow(message)
})
