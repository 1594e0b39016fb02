import * as tf from '@tensorflow/tfjs'
import { variationalDense } from '@tfjs-bayes/layers'
import { gaussianExpectation } from '@tfjs-bayes/testing'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { type ExportOptions, exportModel, ForeignModelError, InvalidInputError, InvalidOptionError } from '../src/index.ts'
import { loadPredictor, type Prediction } from '../src/node.ts'
import { classifier } from './support/models.ts'
import { normals } from './support/random.ts'
import { randomizeWeights } from './support/randomModel.ts'
import { maxDifference, outputsOf } from './support/reference.ts'

const ROWS = 5
const SAMPLES = 6
const UNITS = 2
const SIGMA = 0.3
const LEVELS = [0.01, 0.3, 0.5, 0.975]
const x = normals(ROWS * 3, 1)
const fed = { mode: 'localReparameterization', noise: 'input' } as const
const gaussian = { name: 'gaussian', sigma: SIGMA } as const
const heteroscedastic = { name: 'heteroscedasticGaussian' } as const

const models: tf.LayersModel[] = []
afterAll(() => {
  for (const model of models) model.dispose()
})

/** 3 inputs, 5 hidden units, some outputs; wide posteriors, so that mixtures have several modes. */
function network(outputs: number): tf.Sequential {
  const model = tf.sequential({
    layers: [variationalDense({ units: 5, activation: 'tanh', inputShape: [3] }), variationalDense({ units: outputs })],
  })
  randomizeWeights(model, 4)
  models.push(model)
  return model
}

/** Fed noise and what tfjs gives with it, draw by draw: [samples][rows * outputs]. */
function drawsOf(model: tf.LayersModel, outputs: number): { noise: Float32Array[]; draws: readonly Float32Array[] } {
  const noise = [5, outputs].map((units, stream) => ({
    shape: [SAMPLES, ROWS, units],
    data: normals(SAMPLES * ROWS * units, 7 + stream),
  }))
  return { noise: noise.map(({ data }) => data), draws: outputsOf(model, x, noise) }
}

describe('a classifier', () => {
  test('answers with the variance of the probabilities and with each draw', async () => {
    const model = classifier(3)
    models.push(model)
    const { noise, draws } = drawsOf(model, 4)
    const bytes = exportModel(model, { ...fed, outputs: ['samples', 'variance', 'probabilities'] })
    const predictor = await loadPredictor(bytes, { providers: ['cpu'], outputs: ['samples', 'variance'] })
    const prediction = await predictor.predict(x, { noise, batchSize: 2 })
    await predictor.dispose()
    expect(Object.keys(prediction)).toEqual(['rows', 'classes', 'probabilities', 'variance', 'samples'])
    const softmax = draws.map((draw) => softmaxRows(draw, 4))
    const expected = Float64Array.from({ length: ROWS * SAMPLES * 4 }, (_, i) => {
      const [row, sample, k] = [Math.floor(i / (SAMPLES * 4)), Math.floor(i / 4) % SAMPLES, i % 4]
      return softmax[sample]![row * 4 + k]!
    })
    expect(maxDifference(prediction.samples, expected)).toBeLessThan(1e-6)
    expect(maxDifference(prediction.variance, varianceOf(softmax))).toBeLessThan(1e-6)
  })

  test('answers in the order and number in which it is asked', async () => {
    const model = classifier(3)
    models.push(model)
    const predictor = await loadPredictor(exportModel(model, { mode: 'mean', outputs: ['entropy'] }), {
      providers: ['cpu'],
      outputs: ['entropy'],
    })
    expect(Object.keys(await predictor.predict(x))).toEqual(['rows', 'classes', 'entropy'])
    await predictor.dispose()
  })
})

describe('a regression', () => {
  const outputs = ['mean', 'aleatoricVariance', 'epistemicVariance', 'quantiles', 'samples'] as const

  async function predict(
    model: tf.LayersModel,
    options: ExportOptions,
    noise?: readonly Float32Array[],
  ): Promise<Prediction<'gaussian', 'mean' | 'aleatoricVariance' | 'quantiles'>> {
    const predictor = await loadPredictor(exportModel(model, { ...options, quantiles: LEVELS }), {
      likelihood: 'gaussian',
      outputs: ['mean', 'aleatoricVariance', 'quantiles'],
      providers: ['cpu'],
    })
    const prediction = await predictor.predict(x, noise == null ? {} : { noise, batchSize: 3 })
    await predictor.dispose()
    return prediction
  }

  test.each([gaussian, heteroscedastic])(
    'with likelihood $name: every output is that of the mixture of its draws',
    async (likelihood) => {
      const size = likelihood === gaussian ? UNITS : 2 * UNITS
      const model = network(size)
      const { noise, draws } = drawsOf(model, size)
      const prediction = await predict(model, { ...fed, likelihood, outputs }, noise)
      expect(prediction).toMatchObject({ rows: ROWS, units: UNITS, levels: LEVELS })
      const component = (draw: Float32Array, i: number): { mean: number; sigma: number } => {
        const [row, unit] = [Math.floor(i / UNITS), i % UNITS]
        const mean = draw[row * size + unit]!
        return { mean, sigma: likelihood === gaussian ? SIGMA : Math.log1p(Math.exp(draw[row * size + UNITS + unit]!)) }
      }
      for (let i = 0; i < ROWS * UNITS; i++) {
        const mixture = draws.map((draw) => component(draw, i))
        const average = (f: (c: { mean: number; sigma: number }) => number): number =>
          mixture.reduce((sum, each) => sum + f(each), 0) / SAMPLES
        const mean = average((c) => c.mean)
        expect(prediction.mean[i]).toBeCloseTo(mean, 5)
        expect(prediction.epistemicVariance![i]).toBeCloseTo(
          average((c) => (c.mean - mean) ** 2),
          5,
        )
        expect(prediction.aleatoricVariance[i]).toBeCloseTo(
          average((c) => c.sigma ** 2),
          5,
        )
        mixture.forEach((c, sample) => {
          const [row, unit] = [Math.floor(i / UNITS), i % UNITS]
          expect(prediction.samples![(row * SAMPLES + sample) * UNITS + unit]).toBeCloseTo(c.mean, 5)
        })
        LEVELS.forEach((level, q) => {
          const quantile = prediction.quantiles[i * LEVELS.length + q]!
          const exact = bisect((y) => average((c) => normalCdf((y - c.mean) / c.sigma)) - level)
          expect(Math.abs(quantile - exact), `quantile ${level} of number ${i}`).toBeLessThan(1e-5)
        })
      }
    },
  )

  test('without draws its quantiles are those of one normal distribution', async () => {
    const model = network(UNITS)
    for (const mode of ['mean', 'moments'] as const) {
      const { mean, aleatoricVariance, epistemicVariance, quantiles } = await predict(model, {
        mode,
        likelihood: gaussian,
        outputs: outputs.filter((name) => name !== 'samples' && (mode === 'moments' || name !== 'epistemicVariance')),
      })
      const sigma = mean.map((_, i) => Math.sqrt(aleatoricVariance[i]! + (epistemicVariance?.[i] ?? 0)))
      const reached = quantiles.map((y, i) =>
        normalCdf((y - mean[Math.floor(i / LEVELS.length)]!) / sigma[Math.floor(i / LEVELS.length)]!),
      )
      expect(
        maxDifference(
          reached,
          reached.map((_, i) => LEVELS[i % LEVELS.length]!),
        ),
      ).toBeLessThan(1e-6)
    }
  })

  test('moments know the mean of an uncertain sigma squared', async () => {
    // One Bayesian layer alone: its output is normal, and what softplus makes of it can be integrated.
    const model = tf.sequential({ layers: [variationalDense({ units: 2 * UNITS, inputShape: [3] })] })
    models.push(model)
    randomizeWeights(model, 9)
    const { aleatoricVariance } = await predict(model, {
      mode: 'moments',
      likelihood: heteroscedastic,
      outputs: ['mean', 'aleatoricVariance', 'quantiles'],
    })
    const { kernel, bias } = tf.tidy(() => {
      const posterior = (model.layers[0] as ReturnType<typeof variationalDense>).posterior()
      const data = ({ mu, sigma }: { mu: unknown; sigma: unknown }): { mu: Float32Array; sigma: Float32Array } => ({
        mu: (mu as tf.Tensor).dataSync<'float32'>().slice(),
        sigma: (sigma as tf.Tensor).dataSync<'float32'>().slice(),
      })
      return { kernel: data(posterior.kernel), bias: data(posterior.bias!) }
    })
    for (let row = 0; row < ROWS; row++) {
      for (let unit = 0; unit < UNITS; unit++) {
        const column = UNITS + unit
        let [mean, variance] = [bias.mu[column]!, bias.sigma[column]! ** 2]
        for (let i = 0; i < 3; i++) {
          mean += x[row * 3 + i]! * kernel.mu[i * 2 * UNITS + column]!
          variance += (x[row * 3 + i]! * kernel.sigma[i * 2 * UNITS + column]!) ** 2
        }
        const exact = gaussianExpectation((rho) => Math.log1p(Math.exp(rho)) ** 2, mean, Math.sqrt(variance))
        expect(aleatoricVariance[row * UNITS + unit]).toBeCloseTo(exact, 5)
      }
    }
  })

  test('quantiles of any mixture are found: the draws far apart or close together, sigma large or small', async () => {
    const spread = fc.double({ min: 1e-3, max: 1e3, noNaN: true })
    await fc.assert(
      fc.asyncProperty(spread, fc.double({ min: 1e-3, max: 10, noNaN: true }), fc.nat(), async (scale, sigma, seed) => {
        const model = tf.sequential({ layers: [variationalDense({ units: 1, inputShape: [3], useBias: false })] })
        randomizeWeights(model, seed)
        const noise = normals(SAMPLES * ROWS, seed + 1).map((value) => value * scale)
        const draws = outputsOf(model, x, [{ data: noise, shape: [SAMPLES, ROWS, 1] }])
        const bytes = exportModel(model, {
          ...fed,
          likelihood: { name: 'gaussian', sigma },
          outputs: ['quantiles'],
          quantiles: LEVELS,
        })
        model.dispose()
        const predictor = await loadPredictor(bytes, { likelihood: 'gaussian', outputs: ['quantiles'], providers: ['cpu'] })
        const { quantiles } = await predictor.predict(x, { noise: [noise] })
        await predictor.dispose()
        for (let row = 0; row < ROWS; row++) {
          const means = draws.map((draw) => draw[row]!)
          const cdf = (y: number): number => means.reduce((sum, mean) => sum + normalCdf((y - mean) / sigma), 0) / SAMPLES
          const range = Math.max(...means) - Math.min(...means)
          const largest = Math.max(...means.map(Math.abs)) + 3 * sigma
          // The stated error: of the bisection, and of what float32 knows of a probability and of numbers of this size.
          const near = range * 2 ** -21 + 2 ** -20 * largest
          LEVELS.forEach((level, q) => {
            const y = quantiles[row * LEVELS.length + q]!
            expect(cdf(y - near) - 1e-6).toBeLessThanOrEqual(level)
            expect(cdf(y + near) + 1e-6).toBeGreaterThanOrEqual(level)
          })
        }
      }),
      { numRuns: 20 },
    )
  })
})

describe('outputs that cannot be given are named errors', () => {
  const classes = (): tf.LayersModel => network(4)
  const numbers = { likelihood: gaussian } as const
  test.each<[unknown, RegExp]>([
    [{ mode: 'mean', outputs: [] }, /outputs is \[\]/],
    [{ mode: 'mean', outputs: 'entropy' }, /outputs is "entropy"/],
    [{ mode: 'mean', outputs: ['mean'] }, /outputs\[0\] is "mean". A categorical likelihood has probabilities, entropy/],
    [{ mode: 'mean', outputs: ['entropy', 'entropy'] }, /"entropy" twice/],
    [{ mode: 'mean', outputs: ['variance'] }, /Mode 'mean' has no output 'variance'; it has probabilities, entropy\./],
    [{ mode: 'moments', outputs: ['samples'] }, /Mode 'moments' has no output 'samples'/],
    [{ ...fed, ...numbers, outputs: ['probabilities'] }, /A gaussian likelihood has mean/],
    [{ ...fed, ...numbers, quantiles: [0.5] }, /outputs does not have 'quantiles'/],
    [{ ...fed, ...numbers, outputs: ['quantiles'], quantiles: [0.5, 1] }, /quantiles is \[0.5,1\]/],
    [{ ...fed, ...numbers, outputs: ['quantiles'], quantiles: [] }, /quantiles is \[\]/],
  ])('%j', (options, message) => {
    const model = classes()
    expect(() => exportModel(model, options as ExportOptions)).toThrow(InvalidOptionError)
    expect(() => exportModel(model, options as ExportOptions)).toThrow(message)
  })

  test('a heteroscedastic likelihood on an odd number of outputs', () => {
    expect(() => exportModel(network(3), { mode: 'mean', likelihood: heteroscedastic })).toThrow(/two outputs for each number/)
  })

  test('a predictor that counts on what the file does not have', async () => {
    const bytes = exportModel(classes(), { mode: 'mean', outputs: ['entropy'] })
    await expect(loadPredictor(bytes)).rejects.toThrow(ForeignModelError)
    await expect(loadPredictor(bytes)).rejects.toThrow(
      /no output probabilities; it has entropy\. Load it with outputs: \['entropy'\]/,
    )
  })
})

test('a long prediction tells how far it is', async () => {
  const predictor = await loadPredictor(exportModel(network(4), { mode: 'mean' }), { providers: ['cpu'] })
  const seen: unknown[] = []
  await predictor.predict(x, { batchSize: 2, onProgress: (progress) => seen.push(progress) })
  await predictor.dispose()
  expect(seen).toEqual([2, 4, 5].map((rows) => ({ rows, totalRows: ROWS })))
})

test('an index beyond its embedding is a named error', async () => {
  const { variationalEmbedding } = await import('@tfjs-bayes/layers')
  const model = tf.sequential({
    layers: [
      variationalEmbedding({ inputDim: 4, outputDim: 2, inputLength: 3 }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 2 }),
    ],
  })
  models.push(model)
  const predictor = await loadPredictor(exportModel(model, { mode: 'mean' }), { providers: ['cpu'] })
  await expect(predictor.predict(new Float32Array([0, 3, 4]))).rejects.toThrow(InvalidInputError)
  await expect(predictor.predict(new Float32Array([0, 3, 4]))).rejects.toThrow(/rows from 0 on.*indices/s)
  await predictor.dispose()
})

function softmaxRows(logits: Float32Array, classes: number): Float64Array {
  const exponentials = Float64Array.from(logits, Math.exp)
  return exponentials.map((value, i) => {
    const start = i - (i % classes)
    return value / exponentials.subarray(start, start + classes).reduce((a, b) => a + b, 0)
  })
}

function varianceOf(draws: readonly Float64Array[]): Float64Array {
  return draws[0]!.map((_, i) => {
    const mean = draws.reduce((sum, draw) => sum + draw[i]!, 0) / draws.length
    return draws.reduce((sum, draw) => sum + (draw[i]! - mean) ** 2, 0) / draws.length
  })
}

/** Phi(z) from its power series, and from the continued fraction of the tail beyond 3. */
function normalCdf(z: number): number {
  if (z > 3) return 1 - normalCdf(-z)
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)
  if (z < -3) {
    let fraction = 0
    for (let k = 60; k >= 1; k--) fraction = k / (-z + fraction)
    return density / (-z + fraction)
  }
  let [term, sum] = [z, z]
  for (let k = 1; k < 200; k++) {
    term *= (z * z) / (2 * k + 1)
    sum += term
  }
  return 0.5 + density * sum
}

/** The root of an increasing function. */
function bisect(f: (y: number) => number): number {
  let [low, high] = [-1e4, 1e4]
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2
    if (f(middle) < 0) low = middle
    else high = middle
  }
  return (low + high) / 2
}
