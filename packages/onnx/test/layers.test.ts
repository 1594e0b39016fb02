import * as tf from '@tensorflow/tfjs'
import { PROPERTY_SEED } from '@tfjs-bayes/testing'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { exportLayersModel, InvalidModelError, UnsupportedLayerError } from '../src/index.ts'
import { canRun, differenceOf } from './support/compare.ts'
import { LAYERS_BY_RANK, type LayerSpec, mergesForRank } from './support/randomLayer.ts'
import {
  type BuiltModel,
  buildLayersModelOf,
  type InputSpec,
  inputSpec,
  inputsFor,
  layersModelSpec,
  maskedModel,
  modelOfLayer,
} from './support/randomLayersModel.ts'

const TOLERANCE = 1e-5
// The full suite sets it to 1,000.
const RUNS = Number(process.env['TFJS_BAYES_PROPERTY_RUNS'] ?? 100)
const RUNS_PER_LAYER = Math.max(4, Math.round(RUNS / 10))

const worstByLayer = new Map<string, number>()
const triesByLayer = new Map<string, number>()

afterAll(() => {
  const rows = [...worstByLayer].sort(([a], [b]) => (a < b ? -1 : 1))
  console.log(
    `seed ${PROPERTY_SEED}; largest difference to tfjs, relative to the output's scale, of models of one layer (models):\n${rows
      .map(([name, worst]) => `  ${name.padEnd(24)} ${worst.toExponential(1)} (${triesByLayer.get(name)})`)
      .join('\n')}`,
  )
})

describe('onnxruntime computes what tfjs does', () => {
  const layers = Object.keys(LAYERS_BY_RANK).flatMap((key) => {
    const rank = Number(key)
    const byName = { ...LAYERS_BY_RANK[rank], ...mergesForRank(rank) }
    return Object.entries(byName).map(([name, layer]) => ({ name, rank, layer }))
  })
  test.each(layers)(
    '$name on $rank axes',
    async ({ name, rank, layer }) => {
      const inputs = inputSpec(fc.constant(rank - 1)).filter(({ vocabulary }) => vocabulary == null)
      await checkLayer(name, fc.tuple(layer, inputs), ([spec, input], seed) => modelOfLayer(spec, input, seed))
    },
    3_600_000,
  )

  test('Embedding', async () => {
    const inputs = inputSpec().filter(({ vocabulary }) => vocabulary != null)
    const layerOn = ({ vocabulary, maskZero }: InputSpec): LayerSpec => ({
      className: 'Embedding',
      args: { inputDim: vocabulary, outputDim: 3, maskZero },
    })
    const pairs = inputs.map((input) => [layerOn(input), input] as const)
    await checkLayer('Embedding', pairs, ([spec, input], seed) => modelOfLayer(spec, input, seed))
  }, 3_600_000)

  test('recurrent layers behind a mask', async () => {
    const { RNN, GRU, LSTM, SimpleRNN, Bidirectional } = LAYERS_BY_RANK[3]!
    const pairs = fc.tuple(fc.oneof(RNN!, GRU!, LSTM!, SimpleRNN!, Bidirectional!), inputSpec(fc.constant(2)))
    await checkLayer('masked recurrence', pairs, ([spec, input], seed) => maskedModel(spec, input, seed))
  }, 3_600_000)

  test(`${RUNS} random architectures`, async () => {
    let worst = 0
    let leftOut = 0
    const seen = new Map<string, number>()
    await fc.assert(
      fc.asyncProperty(layersModelSpec(), fc.record(cases), async (spec, options) => {
        const built = buildLayersModelOf(spec)
        const difference = await compared(built, spec.inputs, options)
        if (difference == null) {
          leftOut++
          return
        }
        worst = Math.max(worst, difference)
        for (const name of built.classNames) seen.set(name, (seen.get(name) ?? 0) + 1)
        expect(difference).toBeLessThanOrEqual(TOLERANCE)
      }),
      { numRuns: RUNS },
    )
    const counts = [...seen].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, count]) => `${name} ${count}`)
    console.log(
      `seed ${PROPERTY_SEED}; ${RUNS} random architectures: largest difference ${worst.toExponential(2)}; ${leftOut} left out for a documented limit, here or in tfjs; with: ${counts.join(', ')}`,
    )
    expect(leftOut).toBeLessThan(RUNS / 5)
  }, 7_200_000)
})

const cases = {
  rows: fc.integer({ min: 1, max: 4 }),
  opset: fc.integer({ min: 17, max: 20 }),
  cuda: fc.constantFrom('required', 'optional'),
  folds: fc.boolean(),
  seed: fc.nat(),
}

interface Case {
  readonly rows: number
  readonly opset: number
  readonly cuda: 'required' | 'optional'
  readonly folds: boolean
  readonly seed: number
}

async function checkLayer(
  name: string,
  pairs: fc.Arbitrary<readonly [LayerSpec, InputSpec]>,
  build: (pair: readonly [LayerSpec, InputSpec], seed: number) => BuiltModel | undefined,
): Promise<void> {
  let tried = 0
  await fc.assert(
    fc.asyncProperty(pairs, fc.record(cases), async (pair, options) => {
      const built = build(pair, options.seed)
      const difference = built == null ? undefined : await compared(built, [pair[1]], options)
      if (difference == null) return
      tried++
      worstByLayer.set(name, Math.max(worstByLayer.get(name) ?? 0, difference))
      triesByLayer.set(name, (triesByLayer.get(name) ?? 0) + 1)
      expect(difference).toBeLessThanOrEqual(TOLERANCE)
    }),
    { numRuns: RUNS_PER_LAYER },
  )
  expect(tried, 'models that tfjs builds and runs').toBeGreaterThan(0)
}

/** The difference to tfjs on both engines; undefined where the model has a documented limit. */
async function compared({ model }: BuiltModel, inputs: readonly InputSpec[], options: Case): Promise<number | undefined> {
  const { rows, opset, cuda, folds, seed } = options
  const data = inputsFor(inputs, rows, seed)
  try {
    const bytes = exportLayersModel(model, {
      opset,
      // Some operators lose their CUDA kernel at an opset above 17; what they compute stays the same.
      cuda: opset === 17 ? cuda : 'optional',
      foldBatchNormalization: folds,
      foldConstants: folds,
    })
    return await differenceOf(model, bytes, data, ['node', 'web'])
  } catch (error) {
    if (error instanceof InvalidModelError && error.message.includes('do not fit'))
      expect(canRun(model, data), error.message).toBe(false)
    if (error instanceof UnsupportedLayerError || error instanceof InvalidModelError) return undefined
    throw error
  } finally {
    tf.dispose(data)
    for (const weight of model.weights) weight.dispose()
  }
}
