import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import * as tf from '@tensorflow/tfjs'
import { closedKl, monteCarloKl, Normal } from '@tfjs-bayes/distributions'
import { expectNoLeak, expectTensorsClose } from '@tfjs-bayes/testing'
import { describe, expect, test } from 'vitest'
import {
  type EstimatorOptions,
  ForwardPass,
  givenNoise,
  MissingDatasetSizeError,
  seededNoise,
  type VariationalLayer,
  type VariationalOptions,
  variationalDense,
  variationalLayers,
} from '../src/index.ts'
import { optionsCases } from './layerOptions.ts'
import { normal } from './values.ts'

const exactly = { absolute: 0, relative: 0 }
function network(options: VariationalOptions & EstimatorOptions = {}): tf.Sequential {
  return tf.sequential({
    layers: [
      variationalDense({ units: 8, activation: 'relu', inputShape: [3], ...options }),
      tf.layers.dropout({ rate: 0.1 }),
      variationalDense({ units: 2, ...options }),
    ],
  })
}

function sample(model: tf.LayersModel, x: tf.Tensor | tf.Tensor[], seed = 1): { y: tf.Tensor; kl: tf.Scalar } {
  return tf.tidy(() => {
    const pass = new ForwardPass({ mode: 'sample', noise: seededNoise(seed, 0) })
    const y = model.apply(x, { pass }) as tf.Tensor
    return { y, kl: pass.kl() }
  })
}

describe.each(optionsCases)('in a tf.sequential with $title', ({ options }) => {
  test('model.fit lowers the loss, evaluate and predict work, and nothing leaks', async () => {
    const [x, y] = tf.tidy(() => {
      const inputs = normal([96, 3], 1)
      return [inputs, inputs.matMul(normal([3, 2], 2))]
    })
    await expectNoLeak(async () => {
      const model = network({ ...options, datasetSize: 96, seed: 4 })
      model.compile({ optimizer: tf.train.adam(0.02), loss: 'meanSquaredError' })
      const { history } = await model.fit(x!, y!, { epochs: 25, batchSize: 32, verbose: 0, validationSplit: 0.25 })
      const loss = history['loss'] as number[]
      expect(loss.at(-1)).toBeLessThan(0.8 * loss[0]!)
      tf.tidy(() => {
        expect((model.evaluate(x!, y!) as tf.Scalar).dataSync()[0]).toBeLessThan(loss[0]!)
        expect((model.predict(x!) as tf.Tensor).shape).toEqual([96, 2])
      })
      model.optimizer.dispose()
      model.dispose()
    })
    tf.dispose([x!, y!])
  })

  test('a run with a pass leaves nothing behind, with and without the KL, and within a gradient', async () => {
    const model = network(options)
    const x = normal([4, 3], 5)
    await expectNoLeak(() => {
      tf.tidy(() => {
        sample(model, x)
        model.apply(x, { pass: new ForwardPass({ mode: 'sample', noise: seededNoise(1, 1) }) })
        tf.variableGrads(() => {
          const { y, kl } = sample(model, x)
          return y.sum().add(kl) as tf.Scalar
        })
      })
    })
    await expectNoLeak(() => {
      tf.dispose(model.apply(x, { training: true }) as tf.Tensor)
    })
    x.dispose()
  })

  test('the same seed gives the same bits, also in a model built later', () => {
    tf.tidy(() => {
      const x = normal([4, 3], 6)
      const [first, second] = [network({ ...options, seed: 9 }), network({ ...options, seed: 9 })]
      const a = sample(first, x)
      for (const b of [sample(first, x), sample(second, x)]) {
        expectTensorsClose(b.y, a.y, exactly)
        expectTensorsClose(b.kl, a.kl, exactly)
      }
      expect(sample(first, x, 2).y.equal(a.y).all().dataSync()[0]).toBe(0)
    })
  })

  test('saving and loading keeps predictions, draws and KL to the bit', async () => {
    const model = network({ prior: new Normal({ mu: 0.1, sigma: 0.5 }), ...options })
    const folder = await mkdtemp(join(tmpdir(), 'tfjs-bayes-layers-'))
    try {
      const stores: (() => Promise<tf.LayersModel>)[] = [
        async () => {
          let artifacts: tf.io.ModelArtifacts | undefined
          const modelArtifactsInfo = { dateSaved: new Date(0), modelTopologyType: 'JSON' as const }
          await model.save(
            tf.io.withSaveHandler(async (given) => {
              artifacts = given
              return { modelArtifactsInfo }
            }),
          )
          return tf.loadLayersModel(tf.io.fromMemory(artifacts!))
        },
      ]
      // tfjs's file system handler comes with its native backend.
      if (tf.io.getSaveHandlers(`file://${folder}`).length > 0) {
        stores.push(async () => {
          await model.save(pathToFileURL(folder).href)
          return tf.loadLayersModel(pathToFileURL(join(folder, 'model.json')).href)
        })
      }
      for (const store of stores) {
        const loaded = await store()
        tf.tidy(() => {
          const x = normal([4, 3], 7)
          expectTensorsClose(loaded.predict(x) as tf.Tensor, model.predict(x) as tf.Tensor, exactly)
          const [a, b] = [sample(model, x), sample(loaded, x)]
          expectTensorsClose(b.y, a.y, exactly)
          expectTensorsClose(b.kl, a.kl, exactly)
          expect(variationalLayers(loaded).map((layer) => layer.getConfig()['prior'])).toEqual(
            variationalLayers(model).map((layer) => layer.getConfig()['prior']),
          )
        })
      }
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})

describe('the KL in model.fit', () => {
  // The stream of the noise for the KL: that of the prediction's weights where they are drawn, else the one after those of both calls.
  test.each<EstimatorOptions & { readonly stream?: number }>([
    { estimator: 'localReparameterization' },
    { estimator: 'flipout' },
    { estimator: 'weightSampling', kl: 'closed' },
    { estimator: 'weightSampling', kl: 'monteCarlo', stream: 0 },
    { estimator: 'localReparameterization', kl: 'monteCarlo', stream: 2 },
    { estimator: 'flipout', kl: 'monteCarlo', stream: 5 },
  ])('is KL / datasetSize with %j, once for a layer that the model uses twice', async ({ stream, ...options }) => {
    // Zero inputs, targets and bias: the squared error is 0, what is left of the loss is the KL term.
    const layer = variationalDense({ units: 3, useBias: false, datasetSize: 50, seed: 3, kernelInitializer: 'zeros', ...options })
    const input = tf.input({ shape: [3] })
    const twice = tf.model({ inputs: input, outputs: layer.apply(layer.apply(input)) as tf.SymbolicTensor })
    twice.compile({ optimizer: tf.train.sgd(0), loss: 'meanSquaredError' })
    const loss = (await twice.trainOnBatch(tf.zeros([4, 3]), tf.zeros([4, 3]))) as number
    const expected = tf.tidy(() => {
      const { kernel } = layer.posterior()
      if (stream === undefined) return closedKl(kernel, layer.prior).sum().div(50).dataSync()[0]!
      const draw = kernel.sample(seededNoise(3, 0)([3, 3], stream))
      return monteCarloKl(kernel, layer.prior, draw).sum().div(50).dataSync()[0]!
    })
    expect(loss).toBeCloseTo(expected, 5)
  })

  test('is taken on the very weights that made the prediction', () => {
    tf.tidy(() => {
      const layer = variationalDense({ units: 2, useBias: false, datasetSize: 1, estimator: 'weightSampling', kl: 'monteCarlo' })
      const weights = layer.apply(tf.eye(3), { training: true }) as tf.Tensor
      layer.apply(tf.input({ shape: [3] }))
      expectTensorsClose(layer.calculateLosses()[0]!, monteCarloKl(layer.posterior().kernel, layer.prior, weights).sum())
    })
  })

  test('needs datasetSize, and says why', async () => {
    const model = tf.sequential({ layers: [variationalDense({ units: 1, inputShape: [2], name: 'only' })] })
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' })
    const fit = model.trainOnBatch(tf.zeros([4, 2]), tf.zeros([4, 1]))
    await expect(fit).rejects.toThrow(MissingDatasetSizeError)
    await expect(fit).rejects.toThrow(/Layer "only": model\.fit needs the number of training examples.*KL \/ datasetSize/)
  })

  test('does not move a layer that is not trainable, and still counts', async () => {
    const layer = variationalDense({ units: 1, inputShape: [2], datasetSize: 10 })
    const model = tf.sequential({ layers: [layer, variationalDense({ units: 1, datasetSize: 10 })] })
    layer.trainable = false
    model.compile({ optimizer: tf.train.sgd(0.1), loss: 'meanSquaredError' })
    const before = layer.weights.map((weight) => weight.read().dataSync().slice())
    await model.trainOnBatch(tf.ones([4, 2]), tf.ones([4, 1]))
    expect(layer.weights.map((weight) => weight.read().dataSync())).toEqual(before)
    tf.tidy(() => {
      const all = variationalLayers(model).map((each) => {
        const { kernel, bias } = each.posterior()
        return closedKl(kernel, each.prior).sum().add(closedKl(bias!, each.prior).sum())
      })
      expectTensorsClose(sample(model, tf.ones([1, 2])).kl, all[0]!.add(all[1]!), { absolute: 1e-5 })
    })
  })
})

describe('a layer that the model uses twice', () => {
  function twice(options: EstimatorOptions): { model: tf.LayersModel; layer: VariationalLayer } {
    const layer = variationalDense({ units: 2, useBias: false, ...options })
    const inputs = [tf.input({ shape: [2] }), tf.input({ shape: [2] })]
    const outputs = inputs.map((input) => layer.apply(input) as tf.SymbolicTensor)
    return { model: tf.model({ inputs, outputs: tf.layers.concatenate().apply(outputs) as tf.SymbolicTensor }), layer }
  }

  test.each(['localReparameterization', 'flipout', 'weightSampling'] as const)('counts its KL once with %s', (estimator) => {
    tf.tidy(() => {
      const { model, layer } = twice({ estimator })
      expectTensorsClose(sample(model, [tf.eye(2), tf.eye(2)]).kl, closedKl(layer.posterior().kernel, layer.prior).sum())
      expect(variationalLayers(model)).toEqual([layer])
    })
  })

  test('uses one weight draw in a pass with weight sampling, one draw per call with the local trick', () => {
    tf.tidy(() => {
      const same = (options: EstimatorOptions): boolean => {
        const [left, right] = tf.split(sample(twice(options).model, [tf.eye(2), tf.eye(2)]).y, 2, 1)
        return left!.equal(right!).all().dataSync()[0] === 1
      }
      expect(same({ estimator: 'weightSampling' })).toBe(true)
      expect(same({ estimator: 'localReparameterization' })).toBe(false)
    })
  })

  test('uses one draw, and one KL on it, across nested models', () => {
    tf.tidy(() => {
      const layer = variationalDense({ units: 2, useBias: false, estimator: 'weightSampling', kl: 'monteCarlo', datasetSize: 1 })
      const nest = (): tf.LayersModel => {
        const input = tf.input({ shape: [2] })
        return tf.model({ inputs: input, outputs: layer.apply(input) as tf.SymbolicTensor })
      }
      const input = tf.input({ shape: [2] })
      const outputs = tf.layers
        .concatenate()
        .apply([nest(), nest()].map((model) => model.apply(input) as tf.SymbolicTensor)) as tf.SymbolicTensor
      const model = tf.model({ inputs: input, outputs })
      const check = (y: tf.Tensor, kl: tf.Tensor): void => {
        const [left, right] = tf.split(y, 2, 1)
        expectTensorsClose(left!, right!, exactly)
        expectTensorsClose(kl, monteCarloKl(layer.posterior().kernel, layer.prior, left!).sum())
      }
      const { y, kl } = sample(model, tf.eye(2))
      check(y, kl)
      // By itself in training, too, where the inner models' scopes have ended before the KL is asked for.
      const own = model.apply(tf.eye(2), { training: true }) as tf.Tensor
      const losses = model.calculateLosses()
      check(
        own,
        losses.reduce((sum, loss) => sum.add(loss)),
      )
      expect(losses.filter((loss) => loss.dataSync()[0] !== 0)).toHaveLength(1)
      expect(variationalLayers(model)).toEqual([layer])
    })
  })
})

describe('in nested and wrapped models', () => {
  test('a pass reaches every layer, and variationalLayers lists them in topological order', () => {
    tf.tidy(() => {
      const named = (name: string): VariationalLayer => variationalDense({ units: 2, name })
      const inner = tf.sequential({ layers: [variationalDense({ units: 2, name: 'second', inputShape: [2] }), named('third')] })
      const input = tf.input({ shape: [2] })
      const first = named('first').apply(input) as tf.SymbolicTensor
      const output = named('fourth').apply(inner.apply(first)) as tf.SymbolicTensor
      const model = tf.model({ inputs: input, outputs: output })
      const layers = variationalLayers(model)
      expect(layers.map((layer) => layer.name)).toEqual(['first', 'second', 'third', 'fourth'])
      const kl = layers.map((layer) => {
        const { kernel, bias } = layer.posterior()
        return closedKl(kernel, layer.prior).sum().add(closedKl(bias!, layer.prior).sum())
      })
      expectTensorsClose(sample(model, tf.ones([1, 2])).kl, tf.addN(kl), { absolute: 1e-5 })
    })
  })

  test('TimeDistributed hands the pass on', () => {
    tf.tidy(() => {
      const layer = variationalDense({ units: 2, useBias: false, estimator: 'weightSampling' })
      const model = tf.sequential({ layers: [tf.layers.timeDistributed({ layer, inputShape: [3, 2] })] })
      const { y } = sample(model, tf.ones([1, 3, 2]))
      const steps = tf.unstack(y, 1)
      for (const step of steps) expectTensorsClose(step, steps[0]!, exactly)
      expect(variationalLayers(model)).toEqual([layer])
    })
  })

  test('the KL of a layer in TimeDistributed, which runs at every step, reaches model.fit once', async () => {
    const layer = variationalDense({ units: 2, useBias: false, datasetSize: 10, kernelInitializer: 'zeros' })
    const model = tf.sequential({ layers: [tf.layers.timeDistributed({ layer, inputShape: [3, 2] })] })
    model.compile({ optimizer: tf.train.sgd(0), loss: 'meanSquaredError' })
    const loss = (await model.trainOnBatch(tf.zeros([4, 3, 2]), tf.zeros([4, 3, 2]))) as number
    const expected = tf.tidy(() => closedKl(layer.posterior().kernel, layer.prior).sum().div(10).dataSync()[0]!)
    expect(loss).toBeCloseTo(expected, 5)
  })

  test('model.summary lists the layers with mu and rho among their parameters', () => {
    const lines: string[] = []
    network().summary(undefined, undefined, (line) => lines.push(String(line)))
    // (3 x 8 + 8) and (8 x 2 + 2) weights, each with mu and rho.
    expect(lines.join('\n')).toMatch(
      /variational_dense_Variation +\[\[null,3\]\] +\[null,8\] +64 [\s\S]*\[null,2\] +36 [\s\S]*Total params: 100/,
    )
  })

  test('the streams of the noise follow the layers', () => {
    tf.tidy(() => {
      const model = network({ estimator: 'localReparameterization' })
      const x = normal([4, 3], 8)
      const noise = [tf.zeros([4, 8]), tf.zeros([4, 2])]
      const pass = new ForwardPass({ mode: 'sample', noise: givenNoise(noise) })
      expectTensorsClose(model.apply(x, { pass }) as tf.Tensor, model.predict(x) as tf.Tensor)
    })
  })
})
