import * as tf from '@tensorflow/tfjs'
import { ForwardPass, seededNoise, type VariationalDenseArgs, variationalDense } from '@tfjs-bayes/layers'
import { expectNoLeak, expectTensorsClose } from '@tfjs-bayes/testing'
import { describe, expect, test, vi } from 'vitest'
import { ModelDraws } from './modelDraws.ts'

const [ROWS, WIDE] = [5, 17]

function network(estimator: VariationalDenseArgs['estimator'] = 'localReparameterization', before: tf.layers.Layer[] = []) {
  const layer = (own: object): tf.layers.Layer =>
    variationalDense({ initialSigma: 0.5, estimator, ...own } as VariationalDenseArgs)
  return tf.sequential({
    layers: [
      ...before,
      layer({ units: 6, activation: 'relu', seed: 1, ...(before.length === 0 && { inputShape: [WIDE] }) }),
      layer({ units: 4, seed: 2 }),
    ],
  })
}

const drawsOf = (model: tf.LayersModel, samples: number, compile = false): ModelDraws<{ outputs: tf.Tensor }> =>
  new ModelDraws({
    model,
    mode: 'sample',
    samples,
    batchRows: ROWS,
    noiseOf: (draw) => seededNoise(3, draw),
    summarize: (outputs) => ({ outputs }),
    compile,
  })

const inputs = (): tf.Tensor2D => tf.randomNormal([ROWS, WIDE], 0, 1, 'float32', 8)

async function taken(draws: ModelDraws<{ outputs: tf.Tensor }>, x: tf.Tensor): Promise<tf.Tensor> {
  const parts = [...draws.of(x)].map(({ summary }) => summary.outputs)
  const all = tf.concat(parts)
  tf.dispose(parts)
  return all
}

/** Matrix products of a tensor with WIDE columns, which only the first layer has. */
async function wideProducts(samples: number): Promise<number> {
  const model = network()
  const draws = drawsOf(model, samples)
  const x = inputs()
  const { kernels } = await tf.profile(() => [...draws.of(x)].map(({ summary }) => summary.outputs))
  const products = kernels.filter(
    ({ name, inputShapes }) => /MatMul/.test(name) && inputShapes.some((shape) => shape?.at(-1) === WIDE),
  )
  draws.dispose()
  model.dispose()
  return products.length
}

test('the products of the first layer are two, whatever the number of draws', async () => {
  expect(await wideProducts(4)).toBe(2)
  expect(await wideProducts(20)).toBe(2)
  expect(await wideProducts(120)).toBe(2)
})

describe('a deterministic trunk', () => {
  const trunk = (): tf.layers.Layer[] => [
    tf.layers.reshape({ targetShape: [WIDE, 1], inputShape: [WIDE] }),
    tf.layers.conv1d({ filters: 3, kernelSize: 3, activation: 'relu' }),
    tf.layers.batchNormalization(),
    tf.layers.flatten(),
  ]

  test.each([4, 23, 120])('is run once for %i draws, and the moments behind it are computed once', async (samples) => {
    const model = network('localReparameterization', trunk())
    const apply = vi.spyOn(tf.layers.Layer.prototype, 'apply')
    const draws = drawsOf(model, samples)
    const x = inputs()
    const features = model.layers[3]!.outputShape[1] as number
    const { kernels } = await tf.profile(() => [...draws.of(x)].map(({ summary }) => summary.outputs))
    const called = model.layers.map((layer) => apply.mock.contexts.filter((context) => context === layer).length)
    apply.mockRestore()
    // One more of the Bayesian layers than draws, where several functions take them: that which finds out what they share.
    const drawn = samples > 10 ? samples + 1 : samples
    expect(called).toEqual([1, 1, 1, 1, drawn, drawn])
    const products = kernels.filter(
      ({ name, inputShapes }) => /MatMul/.test(name) && inputShapes.some((shape) => shape?.at(-1) === features),
    )
    expect(products).toHaveLength(2)
    draws.dispose()
  })

  test.each([false, true])('its draws are those of passes by themselves, compiled: %s', async (compile) => {
    const model = network('localReparameterization', trunk())
    const draws = drawsOf(model, 23, compile)
    for (let batch = 0; batch < 4; batch++) {
      const x = tf.randomNormal([ROWS, WIDE], 0, 1, 'float32', batch)
      const all = await taken(draws, x)
      tf.tidy(() => {
        const alone = Array.from({ length: 23 }, (_, draw) =>
          model.apply(x, { pass: new ForwardPass({ mode: 'sample', noise: seededNoise(3, draw) }) }),
        ) as tf.Tensor[]
        expectTensorsClose(all, tf.stack(alone), compile ? { absolute: 1e-6, relative: 1e-6 } : { absolute: 0 })
      })
      tf.dispose([x, all])
    }
    draws.dispose()
  })

  test('moments are computed once for every layer on it, also behind noise of another', async () => {
    const x = tf.input({ shape: [WIDE] })
    const features = tf.layers.dense({ units: 13, activation: 'relu' }).apply(x) as tf.SymbolicTensor
    const heads = [1, 2, 3].map((seed) => variationalDense({ units: 4, seed }).apply(features) as tf.SymbolicTensor)
    const draws = drawsOf(tf.model({ inputs: x, outputs: tf.layers.add().apply(heads) as tf.SymbolicTensor }), 50)
    const { kernels } = await tf.profile(() => [...draws.of(inputs())].map(({ summary }) => summary.outputs))
    const products = kernels.filter(
      ({ name, inputShapes }) => /MatMul/.test(name) && inputShapes.some((shape) => String(shape) === `${ROWS},13`),
    )
    expect(products).toHaveLength(6)
    draws.dispose()
  })
})

describe.each(['localReparameterization', 'weightSampling', 'flipout'] as const)('%s', (estimator) => {
  test.each([false, true])('the draws are those of passes by themselves, compiled: %s', async (compile) => {
    const model = network(estimator)
    const draws = drawsOf(model, 23, compile)
    const x = inputs()
    await expectNoLeak(async () => {
      // The second and the third time some of them are graphs.
      for (let time = 0; time < 3; time++) {
        const all = await taken(draws, x)
        tf.tidy(() => {
          const alone = Array.from({ length: 23 }, (_, draw) =>
            model.apply(x, { pass: new ForwardPass({ mode: 'sample', noise: seededNoise(3, draw) }) }),
          ) as tf.Tensor[]
          expectTensorsClose(all, tf.stack(alone), { absolute: 1e-6, relative: 1e-6 })
        })
        all.dispose()
      }
    })
    draws.dispose()
    model.dispose()
  })
})

test('a batch never gets the moments of another', async () => {
  const model = network()
  const draws = drawsOf(model, 20, true)
  for (let batch = 0; batch < 5; batch++) {
    const x = tf.randomNormal([ROWS, WIDE], 0, 1, 'float32', batch)
    const all = await taken(draws, x)
    tf.tidy(() => {
      const first = model.apply(x, { pass: new ForwardPass({ mode: 'sample', noise: seededNoise(3, 0) }) }) as tf.Tensor
      expectTensorsClose(tf.slice(all, 0, 1).squeeze([0]), first, { absolute: 1e-6, relative: 1e-6 })
    })
    tf.dispose([x, all])
  }
  draws.dispose()
})

test('noise of a layer in between, which is not ours, is drawn anew for each draw', async () => {
  /** Adds random numbers at each call, as someone's own Monte-Carlo dropout would. */
  class OwnNoise extends tf.layers.Layer {
    static className = 'OwnNoise'
    override call(x: tf.Tensor | tf.Tensor[]): tf.Tensor {
      const input = Array.isArray(x) ? x[0]! : x
      return tf.add(input, tf.randomNormal(input.shape))
    }
  }
  const model = network('localReparameterization', [new OwnNoise({ inputShape: [WIDE] })])
  const noiseless = new ModelDraws({
    model,
    mode: 'sample',
    samples: 20,
    batchRows: ROWS,
    noiseOf: () => (shape) => tf.zeros([...shape]),
    summarize: (outputs) => ({ outputs }),
    compile: false,
  })
  const all = await taken(noiseless, inputs())
  const spread = tf.tidy(() => tf.moments(all, 0).variance.dataSync())
  expect(Math.min(...spread)).toBeGreaterThan(0)
})
