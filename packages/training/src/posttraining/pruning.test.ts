import * as tf from '@tensorflow/tfjs'
import { inverseSoftplus, Laplace, Normal, NormalScaleMixture } from '@tfjs-bayes/distributions'
import {
  ForwardPass,
  givenNoise,
  seededNoise,
  type VariationalDense,
  variationalConv2d,
  variationalDense,
  variationalLayers,
} from '@tfjs-bayes/layers'
import { expectNoLeak, expectTensorsClose, gaussianExpectation } from '@tfjs-bayes/testing'
import { describe, expect, test } from 'vitest'
import { InvalidOptionError, ShapeMismatchError, UnsupportedModelError } from '../errors.ts'
import { dropDeadUnits } from './dropDeadUnits.ts'
import { overPruning } from './overPruning.ts'
import { prune } from './prune.ts'
import { type PruningMask, pruningMasks } from './pruningMasks.ts'

const SEED = 7

function mlp(activation: 'relu' | 'sigmoid' = 'relu'): tf.Sequential {
  const prior = new Normal({ mu: 0, sigma: 0.5 })
  const model = tf.sequential({
    layers: [
      variationalDense({ units: 6, inputShape: [5], activation, prior, initialSigma: 0.1, seed: 1, name: 'first' }),
      variationalDense({ units: 5, activation, prior, initialSigma: 0.1, seed: 2, name: 'second' }),
      variationalDense({ units: 3, prior, initialSigma: 0.1, seed: 3, name: 'last' }),
    ],
  })
  scatter(model)
  return model
}

/** Gives means and sigmas values of their own, so that no two weights score the same. */
function scatter(model: tf.LayersModel): void {
  let seed = SEED
  for (const weight of variationalLayers(model).flatMap((layer) => layer.weightTensors)) {
    const shape = weight.mu.shape as number[]
    tf.tidy(() => {
      weight.mu.write(tf.randomNormal(shape, 0, 0.5, 'float32', seed++))
      weight.rho!.write(tf.randomUniform(shape, -5, -1, 'float32', seed++))
    })
  }
}

const inputs = (rows = 4): tf.Tensor => tf.randomNormal([rows, 5], 0, 1, 'float32', 21)
const meanOf = (model: tf.LayersModel, x: tf.Tensor): tf.Tensor =>
  model.apply(x, { pass: new ForwardPass({ mode: 'mean' }) }) as tf.Tensor

/** mu, sigma of every weight in float64, by the definition. */
function weightsOf(model: tf.LayersModel): { layer: string; mu: number; sigma: number }[] {
  return variationalLayers(model).flatMap((layer) =>
    layer.weightTensors.flatMap(({ mu, rho }) => {
      const rhos = rho!.read().dataSync()
      return [...mu.read().dataSync()].map((value, i) => ({
        layer: layer.name,
        mu: value,
        sigma: Math.log1p(Math.exp(rhos[i]!)),
      }))
    }),
  )
}

describe('pruningMasks', () => {
  test.each(['signalToNoise', 'kl'] as const)('by %s removes exactly the lowest, in the whole model', async (by) => {
    const model = mlp()
    const weights = weightsOf(model)
    const score = ({ mu, sigma }: { mu: number; sigma: number }): number =>
      by === 'signalToNoise'
        ? Math.abs(mu) / sigma
        : gaussianExpectation((w) => Math.log(0.5 / sigma) - (w - mu) ** 2 / (2 * sigma ** 2) + w ** 2 / (2 * 0.25), mu, sigma)
    const ranked = weights.map((weight, i) => ({ i, score: score(weight) })).sort((a, b) => a.score - b.score)
    for (const fraction of [0, 0.3, 0.77, 1]) {
      const masks = await pruningMasks(model, { by, fraction })
      const keep = masks.flatMap((mask) => [...mask.keep])
      const removed = Math.round(fraction * weights.length)
      expect(new Set(keep.flatMap((kept, i) => (kept ? [] : [i])))).toEqual(new Set(ranked.slice(0, removed).map(({ i }) => i)))
    }
    model.dispose()
  })

  test('by layer removes that share of each', async () => {
    const model = mlp()
    const masks = await pruningMasks(model, { by: 'signalToNoise', fraction: 0.5, scope: 'layer' })
    for (const [layer, size] of [
      ['first', 36],
      ['second', 35],
      ['last', 18],
    ] as const) {
      const keep = masks.filter((mask) => mask.layer === layer).flatMap((mask) => [...mask.keep])
      expect(keep).toHaveLength(size)
      expect(keep.filter((kept) => kept === 0)).toHaveLength(Math.round(size / 2))
    }
    expect(masks.map(({ layer, weight }) => `${layer}/${weight}`)).toEqual(
      ['first', 'second', 'last'].flatMap((layer) => [`${layer}/kernel`, `${layer}/bias`]),
    )
    model.dispose()
  })

  test('what is gone goes first; of equal weights exactly as many as asked', async () => {
    const model = tf.sequential({
      layers: [variationalDense({ units: 4, inputShape: [5], kernelInitializer: 'ones', useBias: false, initialSigma: 0.1 })],
    })
    const first = await pruningMasks(model, { by: 'signalToNoise', fraction: 0.35 })
    expect([...first[0]!.keep].filter((kept) => kept === 0)).toHaveLength(7)
    const pruned = prune(model, first)
    for (const by of ['signalToNoise', 'kl'] as const) {
      const [second] = await pruningMasks(pruned, { by, fraction: 0.5 })
      expect([...second!.keep].filter((kept) => kept === 0)).toHaveLength(10)
      first[0]!.keep.forEach((kept, i) => {
        if (kept === 0) expect(second!.keep[i]).toBe(0)
      })
    }
    model.dispose()
    pruned.dispose()
  })

  test('refuses what it cannot do', async () => {
    const model = mlp()
    await expect(pruningMasks(model, { by: 'signalToNoise', fraction: 1.2 })).rejects.toThrow(
      /fraction is 1.2; expected a number/,
    )
    await expect(pruningMasks(model, { by: 'size' as 'kl', fraction: 0.1 })).rejects.toThrow(InvalidOptionError)
    const plain = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1] })] })
    await expect(pruningMasks(plain, { by: 'kl', fraction: 0.1 })).rejects.toThrow(UnsupportedModelError)
    model.dispose()
    plain.dispose()
  })
})

describe('prune', () => {
  test('sets mean and variance of masked weights to 0 in float32 and leaves everything else, and the model, as it is', async () => {
    const model = mlp()
    await expectNoLeak(async () => {
      const before = weightsOf(model)
      const masks = await pruningMasks(model, { by: 'signalToNoise', fraction: 0.6 })
      const keep = masks.flatMap((mask) => [...mask.keep])
      const pruned = prune(model, masks)
      expect(weightsOf(model)).toEqual(before)
      weightsOf(pruned).forEach(({ mu, sigma }, i) => {
        expect([mu, Math.fround(sigma ** 2)]).toEqual(keep[i] ? [before[i]!.mu, Math.fround(before[i]!.sigma ** 2)] : [0, 0])
      })
      pruned.dispose()
    })
    model.dispose()
  })

  test('a draw of a pruned weight is 0, so that a pruned model of zeros is certain', async () => {
    const model = mlp()
    const pruned = prune(model, await pruningMasks(model, { by: 'kl', fraction: 1 }))
    tf.tidy(() => {
      const pass = new ForwardPass({ mode: 'sample', noise: seededNoise(SEED, 0) })
      expectTensorsClose(pruned.apply(inputs(), { pass }) as tf.Tensor, tf.zeros([4, 3]), { absolute: 1e-30 })
    })
    model.dispose()
    pruned.dispose()
  })

  test('refuses masks of another model', async () => {
    const model = mlp()
    const [mask] = await pruningMasks(model, { by: 'kl', fraction: 0.5 })
    expect(() => prune(model, [{ ...mask!, layer: 'elsewhere' }])).toThrow(/'kernel' in layer 'elsewhere'.*first\/kernel/)
    expect(() => prune(model, [{ ...mask!, shape: [6, 5] }])).toThrow(ShapeMismatchError)
    model.dispose()
  })
})

describe('dropDeadUnits', () => {
  /** Masks that remove single units: everything into them, or everything out of them. */
  function masksOf(
    model: tf.LayersModel,
    remove: (layer: string, weight: string, row: number, unit: number) => boolean,
  ): PruningMask[] {
    return variationalLayers(model).flatMap((layer) =>
      layer.weightTensors.map(({ name, mu }) => {
        const shape = mu.shape as number[]
        const units = shape.at(-1)!
        const keep = Uint8Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) =>
          remove(layer.name, name, name === 'bias' ? -1 : Math.floor(i / units), i % units) ? 0 : 1,
        )
        return { layer: layer.name, weight: name, shape, keep }
      }),
    )
  }

  test('leaves out exactly the units that hear or say nothing, and those that these take with them', async () => {
    const model = mlp()
    // First layer: unit 2 hears nothing. Second: unit 4 says nothing; unit 0 hears only what unit 2 of the first says, and has no bias.
    const masked = prune(
      model,
      masksOf(
        model,
        (layer, weight, row, unit) =>
          (layer === 'first' && unit === 2) ||
          (layer === 'last' && weight === 'kernel' && row === 4) ||
          (layer === 'second' && unit === 0 && (weight === 'bias' || row !== 2)),
      ),
    )
    await expectNoLeak(async () => {
      const { model: smaller, layers, parametersBefore, parametersAfter } = await dropDeadUnits(masked)
      expect(layers).toEqual([
        { layer: 'first', before: 6, after: 5 },
        { layer: 'second', before: 5, after: 3 },
        { layer: 'last', before: 3, after: 3 },
      ])
      expect(parametersBefore).toBe(model.countParams())
      expect(parametersAfter).toBe(2 * ((5 + 1) * 5 + (5 + 1) * 3 + (3 + 1) * 3))
      expect((smaller.layers[1] as VariationalDense).units).toBe(3)
      tf.tidy(() => {
        const x = inputs()
        expectTensorsClose(meanOf(smaller, x), meanOf(masked, x), { absolute: 1e-6 })
      })
      smaller.dispose()
    })
    model.dispose()
    masked.dispose()
  })

  test('draws what its masked twin draws when it is given the noise of the units that are left', async () => {
    const model = mlp()
    const masked = prune(
      model,
      masksOf(model, (layer, _, __, unit) => (layer === 'first' && unit >= 4) || (layer === 'second' && unit === 1)),
    )
    const { model: smaller } = await dropDeadUnits(masked)
    tf.tidy(() => {
      const noise = [6, 5, 3].map((units, i) => tf.randomNormal([4, units], 0, 1, 'float32', 30 + i))
      const left = [
        [0, 1, 2, 3],
        [0, 2, 3, 4],
        [0, 1, 2],
      ].map((units, i) => tf.gather(noise[i]!, units, 1))
      const draw = (each: tf.LayersModel, tensors: tf.Tensor[]): tf.Tensor =>
        each.apply(inputs(), { pass: new ForwardPass({ mode: 'sample', noise: givenNoise(tensors) }) }) as tf.Tensor
      expectTensorsClose(draw(smaller, left), draw(masked, noise), { absolute: 1e-6 })
    })
    for (const each of [model, masked, smaller]) each.dispose()
  })

  test('keeps a unit that hears nothing where its activation is not 0 at 0: it is a constant that the next layer needs', async () => {
    const model = mlp('sigmoid')
    const deaf = prune(
      model,
      masksOf(model, (layer, _, __, unit) => layer === 'first' && unit === 2),
    )
    const { model: smaller, layers } = await dropDeadUnits(deaf)
    expect(layers.map(({ after }) => after)).toEqual([6, 5, 3])
    for (const each of [model, deaf, smaller]) each.dispose()
  })

  test('a model of which everything is removed keeps one unit a layer and predicts 0', async () => {
    const model = mlp()
    const empty = prune(model, await pruningMasks(model, { by: 'kl', fraction: 1 }))
    const { model: smaller, layers } = await dropDeadUnits(empty)
    expect(layers.map(({ after }) => after)).toEqual([1, 1, 3])
    tf.tidy(() => expectTensorsClose(meanOf(smaller, inputs()), tf.zeros([4, 3]), { absolute: 0 }))
    for (const each of [model, empty, smaller]) each.dispose()
  })

  test('filters go through pooling and flattening, between Bayesian and deterministic layers', async () => {
    const prior = new Normal({ mu: 0, sigma: 0.5 })
    const model = tf.sequential({
      layers: [
        variationalConv2d({ filters: 4, kernelSize: 3, inputShape: [8, 8, 1], activation: 'relu', prior, seed: 1, name: 'conv' }),
        tf.layers.maxPooling2d({ poolSize: 2 }),
        variationalConv2d({ filters: 3, kernelSize: 2, prior, seed: 2, name: 'conv2', padding: 'same' }),
        tf.layers.activation({ activation: 'tanh' }),
        tf.layers.dropout({ rate: 0.5 }),
        tf.layers.flatten(),
        tf.layers.dense({
          units: 4,
          activation: 'relu',
          name: 'plain',
          kernelInitializer: tf.initializers.heNormal({ seed: 3 }),
        }),
        variationalDense({ units: 2, prior, seed: 4, name: 'out' }),
      ],
    })
    scatter(model)
    const masked = prune(
      model,
      masksOf(
        model,
        (layer, weight, row, unit) =>
          (layer === 'conv' && unit === 1) ||
          (layer === 'conv2' && unit === 2) ||
          (layer === 'out' && weight === 'kernel' && row === 3),
      ),
    )
    const { model: smaller, layers } = await dropDeadUnits(masked)
    expect(layers.map(({ after }) => after)).toEqual([3, 2, 3, 2])
    tf.tidy(() => {
      const x = tf.randomNormal([3, 8, 8, 1], 0, 1, 'float32', 5)
      expectTensorsClose(meanOf(smaller, x), meanOf(masked, x), { absolute: 1e-5 })
    })
    for (const each of [model, masked, smaller]) each.dispose()
  })

  test('the scale that a prior learned and the centres of priors go with it', async () => {
    const prior = new Laplace({ mu: 0, scale: 0.3 })
    const model = tf.sequential({
      layers: [
        variationalDense({ units: 3, inputShape: [2], activation: 'relu', prior, trainablePrior: true, name: 'a' }),
        variationalDense({ units: 2, prior: new Normal({ mu: 0, sigma: 1 }), centredPrior: true, name: 'b' }),
      ],
    })
    scatter(model)
    const [a] = variationalLayers(model)
    a!.priorLogScale!.write(tf.scalar(-0.7))
    const masked = prune(
      model,
      masksOf(model, (layer, _, __, unit) => layer === 'a' && unit === 0),
    )
    const { model: smaller } = await dropDeadUnits(masked)
    const [first, second] = variationalLayers(smaller)
    expect(first!.priorLogScale!.read().dataSync()[0]).toBeCloseTo(-0.7)
    expect([...second!.weightTensors[0]!.priorMean!.read().dataSync()]).toEqual(
      [...variationalLayers(masked)[1]!.weightTensors[0]!.priorMean!.read().dataSync()].slice(2),
    )
    for (const each of [model, masked, smaller]) each.dispose()
  })

  test('units in front of a layer that mixes them stay; a model with branches is refused', async () => {
    const normalized = tf.sequential({
      layers: [
        variationalDense({ units: 3, inputShape: [2], activation: 'relu', name: 'a' }),
        tf.layers.batchNormalization(),
        variationalDense({ units: 2, name: 'b' }),
      ],
    })
    const masked = prune(
      normalized,
      masksOf(normalized, (layer, _, __, unit) => layer === 'a' && unit === 0),
    )
    const { model: same, layers } = await dropDeadUnits(masked)
    expect(layers.map(({ after }) => after)).toEqual([3, 2])
    const input = tf.input({ shape: [2] })
    const one = variationalDense({ units: 2 }).apply(input) as tf.SymbolicTensor
    const branched = tf.model({ inputs: input, outputs: tf.layers.add().apply([one, input]) as tf.SymbolicTensor })
    await expect(dropDeadUnits(branched)).rejects.toThrow(UnsupportedModelError)
    for (const each of [normalized, masked, same, branched]) each.dispose()
  })
})

describe('overPruning', () => {
  test('counts weights at the prior, units that carry nothing, and each layer’s part of the KL', async () => {
    const sigma = 0.5
    const prior = new Normal({ mu: 0, sigma })
    const model = tf.sequential({
      layers: [
        variationalDense({
          units: 3,
          inputShape: [4],
          activation: 'relu',
          prior,
          initialSigma: sigma,
          kernelInitializer: 'zeros',
          name: 'a',
        }),
        variationalDense({ units: 2, prior, initialSigma: sigma, kernelInitializer: 'zeros', name: 'b' }),
      ],
    })
    const [a, b] = variationalLayers(model)
    // KL(N(m, s^2) || N(0, s^2)) = m^2 / (2 s^2): 2 nats for each weight of a's unit 1, 8 for one of b's.
    a!.kernelMu.write(tf.tensor2d(Array.from({ length: 4 }, () => [0, 2 * sigma, 0])))
    b!.kernelMu.write(
      tf.tensor2d([
        [0, 0],
        [4 * sigma, 0],
        [0, 0],
      ]),
    )
    const report = await overPruning(model)
    expect(report.threshold).toBe(0.01)
    const [first, second] = report.layers
    expect(first).toMatchObject({ layer: 'a', weights: 15, removed: 0, units: 3, activeUnits: 1 })
    expect(first!.priorShare).toBeCloseTo(11 / 15, 6)
    expect(first!.kl).toBeCloseTo(8, 4)
    expect(first!.klShare).toBeCloseTo(0.5, 5)
    expect(second).toMatchObject({ layer: 'b', weights: 8, units: 2, activeUnits: 1 })
    expect(report.priorShare).toBeCloseTo(18 / 23, 6)
    expect(report.kl).toBeCloseTo(16, 4)

    const pruned = prune(model, await pruningMasks(model, { by: 'kl', fraction: 18 / 23 }))
    const after = await overPruning(pruned)
    expect(after.removed).toBe(18)
    expect(after.priorShare).toBe(0)
    expect(after.kl).toBeCloseTo(16, 4)
    expect(after.layers[0]!.activeUnits).toBe(1)
    model.dispose()
    pruned.dispose()
  })

  test('takes the KL to a mixture by quadrature, whatever the layers train with', async () => {
    const prior = new NormalScaleMixture({ mu: 0, weights: [0.5, 0.5], sigmas: [1, 0.05] })
    const model = tf.sequential({
      layers: [
        variationalDense({
          units: 1,
          inputShape: [1],
          useBias: false,
          prior,
          kl: 'monteCarlo',
          estimator: 'weightSampling',
          name: 'w',
        }),
      ],
    })
    const [layer] = variationalLayers(model)
    const [mu, sigma] = [0.4, 0.2]
    layer!.kernelMu.write(tf.tensor2d([[mu]]))
    layer!.kernelRho.write(tf.tensor2d([[inverseSoftplus(sigma)]]))
    const normal = (w: number, s: number): number => Math.exp(-(w ** 2) / (2 * s ** 2)) / (s * Math.sqrt(2 * Math.PI))
    const expected = gaussianExpectation(
      (w) => Math.log(normal(w - mu, sigma)) - Math.log(0.5 * normal(w, 1) + 0.5 * normal(w, 0.05)),
      mu,
      sigma,
    )
    expect((await overPruning(model)).kl).toBeCloseTo(expected, 2)
    model.dispose()
  })
})
