import * as tf from '@tensorflow/tfjs'
import { type EstimatorName, type LinearOperator, variationalLayers } from '@tfjs-bayes/layers'
import fc from 'fast-check'
import * as ort from 'onnxruntime-web'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ExportOptions, exportModel } from '../src/index.ts'
import { loadPredictor as loadOnNode, type Prediction } from '../src/node.ts'
import { readSignature } from '../src/predictor/signature.ts'
import { loadPredictor as loadOnWeb } from '../src/web.ts'
import { type NoiseTensor, storedNoise } from './support/draws.ts'
import {
  buildOperatorModel,
  inputShape,
  type OperatorSpec,
  operatorInput,
  operatorNames,
  operatorSpec,
} from './support/operatorModel.ts'
import { normals } from './support/random.ts'
import { maxDifference, outputsOf } from './support/reference.ts'

// Of the output's scale.
const TOLERANCE = 1e-5
// Float16 has 11 bits; a few roundings on the way.
const HALF_TOLERANCE = 1e-2
const RUNS = Number(process.env['TFJS_BAYES_PROPERTY_RUNS'] ?? 60) / 12
const gaussian = { likelihood: { name: 'gaussian', sigma: 1 } } as const

const worst = new Map<string, number>()

beforeAll(() => {
  ort.env.wasm.numThreads = 1
})

afterAll(() => {
  const columns = [...new Set([...worst.keys()].map((key) => key.split('|')[1]!))]
  const table = operatorNames.map((operator) => [
    operator,
    Object.fromEntries(columns.map((column) => [column, worst.get(`${operator}|${column}`)?.toExponential(1) ?? ''])),
  ])
  console.log(`largest error over the output's scale, ${RUNS} random layers of each operator:`)
  console.table(Object.fromEntries(table))
})

describe.each(operatorNames)('%s: what onnxruntime gives is what tfjs gives', (operator) => {
  test('in every mode, on both engines', async () => {
    await fc.assert(
      fc.asyncProperty(
        operatorSpec(operator),
        fc.record({ rows: fc.integer({ min: 1, max: 3 }), samples: fc.integer({ min: 2, max: 3 }) }),
        async (spec, { rows, samples }) => {
          const x = operatorInput(spec, rows)
          const stored = { samples, seed: spec.seed % 1000, method: 'stratified' } as const
          await withModel(spec, 'localReparameterization', async (model) => {
            const mean = exportModel(model, { mode: 'mean', ...gaussian })
            await compare(spec, 'mean', mean, x, undefined, outputsOf(model, x))
            for (const precision of ['float32', 'float16'] as const) {
              const suffix = precision === 'float16' ? ', float16' : ''
              const fed = exportModel(model, drawing({ mode: 'localReparameterization', noise: 'input', precision }))
              const noise = readSignature(fed).noise.map(({ shape }, stream): NoiseTensor => {
                const whole = [samples, rows, ...(shape.slice(2) as number[])]
                return { shape: whole, data: normals(sizeOf(whole), spec.seed + 2 + stream) }
              })
              await compare(spec, `local, fed${suffix}`, fed, x, noise, outputsOf(model, x, noise))
            }
            const baked = exportModel(
              model,
              drawing({ mode: 'localReparameterization', noise: 'baked', samples, seed: stored.seed }),
            )
            const noise = storedNoise(model, rows, 'preActivations', stored)
            await compare(spec, 'local, baked', baked, x, undefined, outputsOf(model, x, noise))
          })
          await withModel(spec, 'weightSampling', async (model) => {
            const bytes = exportModel(model, drawing({ mode: 'weightSampling', samples, seed: stored.seed }))
            await compare(spec, 'weights', bytes, x, undefined, outputsOf(model, x, storedNoise(model, rows, 'weights', stored)))
          })
        },
      ),
      { numRuns: RUNS },
    )
  })

  test('its moments are the operator on means and on squares', async () => {
    // A separable convolution is two operators, whose inner tensor is uncertain: see the statistical tests.
    if (operator === 'separableConv2d') return
    await fc.assert(
      fc.asyncProperty(operatorSpec(operator), async (random) => {
        const spec = { ...random, activation: 'linear', drawn: false }
        const x = operatorInput(spec, 2)
        await withModel(spec, 'localReparameterization', async (model) => {
          const bytes = exportModel(model, { mode: 'moments', ...gaussian })
          for (const [engine, { mean, epistemicVariance }] of await onBothEngines(spec, bytes, x)) {
            const expected = momentsByTfjs(model, x, [2, ...inputShape(spec)])
            note(spec, `moments, ${engine}`, mean, expected.mean)
            note(spec, `moments, ${engine}`, epistemicVariance!, expected.variance)
          }
        })
      }),
      { numRuns: RUNS },
    )
  })

  test('and the estimator that it was trained with does not matter', () => {
    const [spec] = fc.sample(operatorSpec(operator), { numRuns: 1, seed: 1 })
    const trained: EstimatorName[] =
      operator === 'embedding'
        ? ['localReparameterization', 'weightSampling']
        : ['localReparameterization', 'weightSampling', 'flipout']
    const modes: ExportOptions[] = [
      { mode: 'mean' },
      { mode: 'localReparameterization', noise: 'graph' },
      { mode: 'weightSampling', samples: 2 },
      { mode: 'moments' },
    ]
    for (const mode of modes) {
      const files = trained.map((estimator) => {
        const model = buildOperatorModel(spec!, estimator)
        const bytes = exportModel(model, { ...mode, ...gaussian })
        for (const weight of model.weights) weight.dispose()
        return bytes
      })
      for (const file of files) expect(file).toEqual(files[0])
    }
  })
})

/** Runs a file on both engines and holds each draw, or the mean where there are none, against tfjs's. */
async function compare(
  spec: OperatorSpec,
  mode: string,
  bytes: Uint8Array,
  x: Float32Array,
  noise: readonly NoiseTensor[] | undefined,
  expected: readonly Float32Array[],
): Promise<void> {
  const rows = x.length / sizeOf(inputShape(spec))
  const perRow = expected[0]!.length / rows
  for (const [engine, { mean, samples }] of await onBothEngines(spec, bytes, x, noise)) {
    // A file has the draws row by row.
    const wanted = Float32Array.from({ length: samples?.length ?? mean.length }, (_, i) => {
      if (samples == null) return expected[0]![i]!
      const [row, sample] = [Math.floor(i / perRow / expected.length), Math.floor(i / perRow) % expected.length]
      return expected[sample]![row * perRow + (i % perRow)]!
    })
    note(spec, `${mode}, ${engine}`, samples ?? mean, wanted)
  }
}

async function onBothEngines(
  spec: OperatorSpec,
  bytes: Uint8Array,
  x: Float32Array,
  noise?: readonly NoiseTensor[],
): Promise<readonly (readonly [string, Prediction<'gaussian', 'mean'>])[]> {
  const shape = inputShape(spec)
  const options = { likelihood: 'gaussian', outputs: ['mean'] } as const
  const predictors = {
    node: await loadOnNode(bytes, { ...options, providers: ['cpu'] }),
    web: await loadOnWeb(bytes, { ...options, providers: ['wasm'] }),
  }
  const predictions: (readonly [string, Prediction<'gaussian', 'mean'>])[] = []
  for (const [engine, predictor] of Object.entries(predictors)) {
    const rows = { data: x, shape: [x.length / sizeOf(shape), ...shape] }
    predictions.push([engine, await predictor.predict(rows, noise == null ? {} : { noise: noise.map(({ data }) => data) })])
    await predictor.dispose()
  }
  return predictions
}

/** Holds numbers against what they should be, and keeps the worst error for the table. */
function note(spec: OperatorSpec, column: string, actual: Float32Array, expected: Float32Array): void {
  const scale = Math.max(0.1, ...expected.map(Math.abs))
  const error = maxDifference(actual, expected) / scale
  const key = `${spec.operator}|${column}`
  worst.set(key, Math.max(worst.get(key) ?? 0, error))
  expect(error, key).toBeLessThanOrEqual(column.includes('float16') ? HALF_TOLERANCE : TOLERANCE)
}

function momentsByTfjs(
  model: tf.LayersModel,
  x: Float32Array,
  shape: readonly number[],
): { readonly mean: Float32Array; readonly variance: Float32Array } {
  const [layer] = variationalLayers(model)
  const results = tf.tidy(() => {
    const operator = layer!.operator as LinearOperator
    const { kernel, bias } = layer!.posterior()
    const input = tf.tensor(x, [...shape])
    const mean = operator.apply(input, kernel.mu as tf.Tensor, bias?.mu as tf.Tensor | undefined)
    const squares = operator.takesIndices === true ? input : tf.square(input)
    const variance = operator.apply(squares, tf.square(kernel.sigma), bias == null ? undefined : tf.square(bias.sigma))
    return [mean.dataSync<'float32'>().slice(), variance.dataSync<'float32'>().slice()]
  }) as unknown as [Float32Array, Float32Array]
  return { mean: results[0], variance: results[1] }
}

function drawing(options: ExportOptions): ExportOptions {
  return { ...options, ...gaussian, outputs: ['mean', 'samples'] }
}

async function withModel(
  spec: OperatorSpec,
  estimator: EstimatorName,
  use: (model: tf.LayersModel) => Promise<void>,
): Promise<void> {
  const model = buildOperatorModel(spec, estimator)
  try {
    await use(model)
  } finally {
    for (const weight of model.weights) weight.dispose()
  }
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, length) => size * length, 1)
}
