import * as tf from '@tensorflow/tfjs'
import {
  type VariationalLayer,
  variationalConv2d,
  variationalDense,
  variationalDepthwiseConv2d,
  variationalLayers,
} from '@tfjs-bayes/layers'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeModel, type ExportOptions, exportModel } from '../src/index.ts'
import { initializersOf } from '../src/ir/graph.ts'
import { loadPredictor } from '../src/node.ts'
import { readSignature } from '../src/predictor/signature.ts'
import { anySpec, buildAnyModel, endsInSoftmax, rowShape } from './support/anyModel.ts'
import { type NoiseTensor, storedNoise } from './support/draws.ts'
import { normals, uniform } from './support/random.ts'
import { randomizeWeights } from './support/randomModel.ts'
import { categoricalReference, maxDifference, outputsOf } from './support/reference.ts'

const RUNS = Number(process.env['TFJS_BAYES_PROPERTY_RUNS'] ?? 60) / 2
const TOLERANCE = 1e-5
// softplus of it is 0 in float32, and so is a pruned weight's sigma.
const NO_SIGMA = -200

test('a pruned model answers as tfjs does with the same zeros, in every mode', async () => {
  const sizes = { pruned: 0, whole: 0 }
  await fc.assert(
    fc.asyncProperty(
      anySpec({ bayesian: true }),
      fc.record({ share: fc.constantFrom(0.2, 0.5, 0.9), what: fc.constantFrom('outgoing', 'incoming', 'weights', 'all') }),
      async (spec, { share, what }) => {
        const [rows, samples, seed] = [2, 3, spec.seed % 1000]
        const x = normals(rows * sizeOf(rowShape(spec)), spec.seed + 1)
        const check = async (
          model: tf.LayersModel,
          options: ExportOptions,
          noise?: readonly NoiseTensor[],
          fed = false,
        ): Promise<void> => {
          const bytes = exportModel(model, options)
          sizes.pruned += storedNumbers(bytes)
          const predictor = await loadPredictor(bytes, { providers: ['cpu'] })
          const { probabilities, entropy } = await predictor.predict(x, fed ? { noise: noise!.map(({ data }) => data) } : {})
          await predictor.dispose()
          const expected = categoricalReference(outputsOf(model, x, noise), spec.classes, endsInSoftmax(spec))
          expect(maxDifference(probabilities, expected.probabilities)).toBeLessThanOrEqual(TOLERANCE)
          expect(maxDifference(entropy, expected.entropy)).toBeLessThanOrEqual(2 * TOLERANCE)
        }
        for (const estimator of ['localReparameterization', 'weightSampling'] as const) {
          const model = buildAnyModel(spec, estimator)
          const kinds: ExportOptions[] =
            estimator === 'weightSampling'
              ? [{ mode: 'weightSampling', samples, seed }]
              : [
                  { mode: 'mean' },
                  { mode: 'localReparameterization', noise: 'input' },
                  { mode: 'localReparameterization', noise: 'baked', samples, seed },
                ]
          for (const options of kinds) sizes.whole += storedNumbers(exportModel(model, options))
          prune(model, what, share, spec.seed)
          const stored = { samples, seed, method: 'stratified' } as const
          for (const options of kinds) {
            if (options.mode === 'mean') await check(model, options)
            else if (options.mode === 'weightSampling') await check(model, options, storedNoise(model, rows, 'weights', stored))
            else if (options.mode === 'localReparameterization' && options.noise === 'baked')
              await check(model, options, storedNoise(model, rows, 'preActivations', stored))
            else {
              const noise = readSignature(exportModel(model, options)).noise.map(({ shape }, stream): NoiseTensor => {
                const whole = [samples, rows, ...(shape.slice(2) as number[])]
                return { shape: whole, data: normals(sizeOf(whole), spec.seed + 2 + stream) }
              })
              await check(model, options, noise, true)
            }
          }
          for (const weight of model.weights) weight.dispose()
        }
      },
    ),
    { numRuns: RUNS },
  )
  console.log(`pruned files have ${((100 * sizes.pruned) / sizes.whole).toFixed(0)} % of the numbers of the whole ones`)
  // How much goes depends on what was drawn; the tests below say what must go.
  expect(sizes.pruned).toBeLessThan(sizes.whole)
})

describe('dead units are not in the file', () => {
  const shapesOf = (model: tf.LayersModel, options: ExportOptions): readonly string[] =>
    decodeModel(exportModel(model, options))
      .graph.nodes.flatMap((node) => node.inputs)
      .flatMap((input) =>
        input?.data instanceof Float32Array && input.rank > 1 ? [`${input.hint} [${input.shape.join(', ')}]`] : [],
      )

  test('of dense layers: columns before, rows behind, and their noise', () => {
    const model = tf.sequential({
      layers: [
        variationalDense({ units: 6, activation: 'relu', inputShape: [8], name: 'a' }),
        variationalDense({ units: 2, name: 'b' }),
      ],
    })
    randomizeWeights(model, 1)
    const [a, b] = variationalLayers(model)
    // Units 1 and 4 lead nowhere; unit 2 gives relu(0.5) whatever comes; inputs 0 to 3 lead nowhere.
    zero(b!, (index) => [1, 4].includes(Math.floor(index / 2)))
    zero(a!, (index) => index % 6 === 2 || index < 24)
    setBias(a!, 2, 0.5, NO_SIGMA)
    expect(shapesOf(model, { mode: 'localReparameterization', noise: 'baked', samples: 4 })).toEqual([
      'a/kernel_mean [4, 3]',
      'a/kernel_variance [4, 3]',
      'a/noise [4, 1, 3]',
      'b/kernel_mean [3, 2]',
      'b/kernel_variance [3, 2]',
      'b/noise [4, 1, 2]',
    ])
    // A unit whose bias is uncertain is a random number and stays, unless its moments are all that counts.
    setBias(a!, 2, 0.5, -1)
    expect(shapesOf(model, { mode: 'mean' })).toEqual(['a/kernel_mean [4, 3]', 'b/kernel_mean [3, 2]'])
    expect(shapesOf(model, { mode: 'weightSampling', samples: 4 })).toEqual(
      expect.arrayContaining(['a/kernel_draws [4, 4, 4]', 'b/kernel_draws [4, 4, 2]']),
    )
    expect(shapesOf(model, { mode: 'moments' }).slice(0, 2)).toEqual(['a/kernel_mean [4, 3]', 'a/kernel_variance [4, 3]'])
    model.dispose()
  })

  test('of depthwise convolutions: channels on both sides', () => {
    const model = tf.sequential({
      layers: [
        variationalConv2d({ filters: 4, kernelSize: 3, activation: 'relu', inputShape: [8, 8, 1], name: 'a' }),
        variationalDepthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, activation: 'relu', name: 'b' }),
        variationalConv2d({ filters: 3, kernelSize: 4, name: 'c' }),
        tf.layers.flatten(),
      ],
    })
    randomizeWeights(model, 3)
    const [, b, c] = variationalLayers(model)
    // Of c's kernel [4, 4, 8, 3] what b makes of a's filter 1, channels 2 and 3, and one of filter 0, which stays for the other.
    zero(c!, (index) => [0, 2, 3].includes(Math.floor(index / 3) % 8))
    // Of b's kernel [3, 3, 4, 2] filter 3: relu(0.5) and relu(-1) whatever comes.
    zero(b!, (index) => Math.floor(index / 2) % 4 === 3)
    setBias(b!, 6, 0.5, NO_SIGMA)
    setBias(b!, 7, -1, NO_SIGMA)
    expect(shapesOf(model, { mode: 'localReparameterization', noise: 'baked', samples: 4 })).toEqual(
      expect.arrayContaining([
        'a/kernel_mean [2, 1, 3, 3]',
        'b/kernel_variance [4, 1, 3, 3]',
        'b/noise [4, 1, 4, 4, 4]',
        'c/kernel_mean [3, 4, 4, 4]',
      ]),
    )
    model.dispose()
  })

  test('of convolutions, through pooling and flattening', () => {
    const model = tf.sequential({
      layers: [
        variationalConv2d({ filters: 4, kernelSize: 3, activation: 'relu', inputShape: [8, 8, 1], name: 'a' }),
        tf.layers.maxPooling2d({ poolSize: 2 }),
        variationalConv2d({ filters: 3, kernelSize: 2, activation: 'relu', name: 'b' }),
        tf.layers.flatten(),
        variationalDense({ units: 2, name: 'c' }),
      ],
    })
    randomizeWeights(model, 2)
    const [, b, c] = variationalLayers(model)
    // Of b's kernel [2, 2, 4, 3] what filters 0 and 3 feed; of c's [2 * 2 * 3, 2] what filter 1 feeds.
    zero(b!, (index) => [0, 3].includes(Math.floor(index / 3) % 4))
    zero(c!, (index) => Math.floor(index / 2) % 3 === 1)
    for (const options of [
      { mode: 'localReparameterization', noise: 'graph' },
      { mode: 'localReparameterization', noise: 'graph', samples: 3 },
      { mode: 'moments' },
    ] as const) {
      const shapes = shapesOf(model, options)
      expect(shapes).toContain('a/kernel_mean [2, 1, 3, 3]')
      expect(shapes).toContain('b/kernel_variance [2, 2, 2, 2]')
      expect(shapes).toContain('c/kernel_mean [8, 2]')
    }
    model.dispose()
  })

  test('and a layer that died altogether keeps one unit', async () => {
    const model = tf.sequential({
      layers: [variationalDense({ units: 6, activation: 'relu', inputShape: [4] }), variationalDense({ units: 2 })],
    })
    randomizeWeights(model, 3)
    zero(variationalLayers(model)[1]!, () => true)
    const predictor = await loadPredictor(exportModel(model, { mode: 'mean' }), { providers: ['cpu'] })
    const x = normals(8, 1)
    const { probabilities } = await predictor.predict(x)
    await predictor.dispose()
    expect(maxDifference(probabilities, categoricalReference(outputsOf(model, x), 2, false).probabilities)).toBeLessThan(1e-6)
    model.dispose()
  })
})

/** Sets weights to 0 and their sigma to nothing, as a pruning tool does. */
function zero(layer: VariationalLayer, isPruned: (index: number) => boolean): void {
  const kernel = layer.weightTensors.find(({ name }) => name === 'kernel')!
  write(kernel.mu, (value, i) => (isPruned(i) ? 0 : value))
  write(kernel.rho!, (value, i) => (isPruned(i) ? NO_SIGMA : value))
}

function setBias(layer: VariationalLayer, unit: number, mu: number, rho: number): void {
  write(layer.biasMu!, (value, i) => (i === unit ? mu : value))
  write(layer.biasRho!, (value, i) => (i === unit ? rho : value))
}

function write(variable: tf.LayerVariable, change: (value: number, index: number) => number): void {
  tf.tidy(() => {
    const tensor = variable.read()
    variable.write(tf.tensor(tensor.dataSync<'float32'>().map(change), tensor.shape))
  })
}

/** Prunes a share of the units of every Bayesian layer, or of the weights. */
function prune(model: tf.LayersModel, what: string, share: number, seed: number): void {
  const next = uniform(seed + 5)
  for (const layer of variationalLayers(model)) {
    const { shape } = layer.weightTensors.find(({ name }) => name === 'kernel')!.mu.read()
    const [inputs, outputs] = [shape.at(-2)!, shape.at(-1)!]
    const dead = (count: number): boolean[] => Array.from({ length: count }, () => next() < share)
    const [deadInputs, deadOutputs] = [dead(inputs), dead(outputs)]
    const isOutgoing = (i: number): boolean => deadInputs[Math.floor(i / outputs) % inputs]!
    const isIncoming = (i: number): boolean => deadOutputs[i % outputs]!
    zero(layer, (i) => {
      if (what === 'weights') return next() < share
      return (what !== 'incoming' && isOutgoing(i)) || (what !== 'outgoing' && isIncoming(i))
    })
    // Some of the units without inputs have a certain bias: they are constant.
    if (layer.useBias)
      deadOutputs.forEach((isDead, unit) => {
        if (isDead && next() < 0.5 && unit < layer.biasMu!.read().size) setBias(layer, unit, next() - 0.5, NO_SIGMA)
      })
  }
}

function storedNumbers(bytes: Uint8Array): number {
  return initializersOf(decodeModel(bytes).graph).reduce((total, { data }) => total + data!.length, 0)
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, length) => size * length, 1)
}
