import type * as tf from '@tensorflow/tfjs'
import type { EstimatorName } from '@tfjs-bayes/layers'
import { expectNoLeak } from '@tfjs-bayes/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DRAW_METHODS } from '../src/draws/standardDraws.ts'
import { exportModel } from '../src/exportModel.ts'
import { loadPredictor } from '../src/node.ts'
import { readSignature } from '../src/predictor/signature.ts'
import { type AnySpec, anySpec, buildAnyModel, endsInSoftmax, rowShape } from './support/anyModel.ts'
import { storedNoise } from './support/draws.ts'
import { normals } from './support/random.ts'
import { categoricalReference, maxDifference, outputsOf, type Reference } from './support/reference.ts'

const TOLERANCE = 1e-5
// The full suite sets it higher.
const RUNS = Number(process.env['TFJS_BAYES_PROPERTY_RUNS'] ?? 60)

const cases = {
  rows: fc.integer({ min: 1, max: 5 }),
  samples: fc.integer({ min: 1, max: 4 }),
  batchSize: fc.integer({ min: 1, max: 6 }),
}

test('onnxruntime and tfjs agree on random models with the same noise', async () => {
  let worst = 0
  await fc.assert(
    fc.asyncProperty(
      anySpec({ bayesian: true }),
      fc.record({ ...cases, fixed: fc.boolean(), opset: fc.integer({ min: 17, max: 20 }) }),
      async (spec, options) => {
        const { rows, samples, batchSize, fixed, opset } = options
        await expectNoLeak(async () => {
          await withModel(spec, async (model) => {
            const bytes = exportModel(model, {
              mode: 'localReparameterization',
              noise: 'input',
              opset,
              // Some operators lose their CUDA kernel at an opset above 17; what they compute stays the same.
              cuda: opset === 17 ? 'required' : 'optional',
              ...(fixed ? { samples } : {}),
            })
            const x = normals(rows * sizeOf(rowShape(spec)), spec.seed + 1)
            const noise = readSignature(bytes).noise.map(({ shape }, index) => {
              const whole = [samples, rows, ...(shape.slice(2) as number[])]
              return {
                data: normals(
                  whole.reduce((a, b) => a * b, 1),
                  spec.seed + 2 + index,
                ),
                shape: whole,
              }
            })
            const expected = categoricalReference(outputsOf(model, x, noise), spec.classes, endsInSoftmax(spec))
            const predictor = await loadPredictor(bytes, { providers: ['cpu'] })
            const actual = await predictor.predict(x, { noise: noise.map(({ data }) => data), batchSize })
            await predictor.dispose()
            for (const key of ['probabilities', 'entropy', 'expectedEntropy', 'mutualInformation'] as const) {
              const difference = maxDifference(actual[key]!, expected[key])
              worst = Math.max(worst, difference)
              expect(difference, key).toBeLessThanOrEqual(TOLERANCE)
            }
          })
        })
      },
    ),
    { numRuns: RUNS },
  )
  console.log(`largest difference over ${RUNS} random models with the same noise: ${worst.toExponential(2)}`)
})

test('onnxruntime and tfjs agree on random models in mode mean', async () => {
  let worst = 0
  await fc.assert(
    fc.asyncProperty(anySpec({ bayesian: false }), fc.record(cases), async (spec, { rows, batchSize }) => {
      await withModel(spec, async (model) => {
        const x = normals(rows * sizeOf(rowShape(spec)), spec.seed + 1)
        const expected = categoricalReference(outputsOf(model, x), spec.classes, endsInSoftmax(spec))
        const predictor = await loadPredictor(exportModel(model, { mode: 'mean' }), { providers: ['cpu'] })
        const actual = await predictor.predict(x, { batchSize })
        await predictor.dispose()
        expect(Object.keys(actual).sort()).toEqual(['classes', 'entropy', 'probabilities', 'rows'])
        for (const key of ['probabilities', 'entropy'] as const satisfies (keyof Reference)[]) {
          const difference = maxDifference(actual[key], expected[key])
          worst = Math.max(worst, difference)
          expect(difference, key).toBeLessThanOrEqual(TOLERANCE)
        }
      })
    }),
    { numRuns: RUNS },
  )
  console.log(`largest difference over ${RUNS} random models in mode mean: ${worst.toExponential(2)}`)
})

test('draws stored in the file are the draws that tfjs makes of the same noise', async () => {
  let worst = 0
  const stored = fc.record({ ...cases, method: fc.constantFrom(...DRAW_METHODS), seed: fc.integer() })
  await fc.assert(
    fc.asyncProperty(anySpec({ bayesian: true }), fc.constantFrom('baked', 'weights'), stored, async (spec, mode, options) => {
      const { rows, samples, batchSize, method, seed } = options
      const estimator = mode === 'baked' ? 'localReparameterization' : 'weightSampling'
      await withModel(
        spec,
        async (model) => {
          const x = normals(rows * sizeOf(rowShape(spec)), spec.seed + 1)
          const kind =
            mode === 'baked'
              ? ({ mode: 'localReparameterization', noise: 'baked' } as const)
              : ({ mode: 'weightSampling' } as const)
          const bytes = exportModel(model, { ...kind, samples, draws: method, seed })
          const of = mode === 'baked' ? 'preActivations' : 'weights'
          const noise = storedNoise(model, rows, of, { samples, seed, method })
          const expected = categoricalReference(outputsOf(model, x, noise), spec.classes, endsInSoftmax(spec))
          const predictor = await loadPredictor(bytes, { providers: ['cpu'] })
          const actual = await predictor.predict(x, { batchSize })
          await predictor.dispose()
          for (const key of ['probabilities', 'entropy', 'expectedEntropy', 'mutualInformation'] as const) {
            const difference = maxDifference(actual[key]!, expected[key])
            worst = Math.max(worst, difference)
            expect(difference, key).toBeLessThanOrEqual(TOLERANCE)
          }
        },
        estimator,
      )
    }),
    { numRuns: RUNS },
  )
  console.log(`largest difference over ${RUNS} random models with stored draws: ${worst.toExponential(2)}`)
})

async function withModel(spec: AnySpec, use: (model: tf.LayersModel) => Promise<void>, estimator?: EstimatorName): Promise<void> {
  const model = buildAnyModel(spec, estimator)
  try {
    await use(model)
  } finally {
    // Not model.dispose(): tfjs keeps the weights of a layer that a nested model shares.
    for (const weight of model.weights) weight.dispose()
  }
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, length) => size * length, 1)
}
