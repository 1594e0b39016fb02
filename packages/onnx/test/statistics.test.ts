import type * as tf from '@tensorflow/tfjs'
import { normalPValue } from '@tfjs-bayes/testing'
import fc from 'fast-check'
import * as ort from 'onnxruntime-node'
import { describe, expect, test } from 'vitest'
import { buildModel } from '../src/buildModel.ts'
import { type ExportOptions, exportModel } from '../src/index.ts'
import type { OnnxModel, Port } from '../src/ir/graph.ts'
import { type GaussianPrediction, loadPredictor } from '../src/node.ts'
import { encode } from '../src/wire/encode.ts'
import { toMessage } from '../src/wire/toMessage.ts'
import {
  buildOperatorModel,
  inputShape,
  type OperatorSpec,
  operatorInput,
  operatorNames,
  operatorSpec,
} from './support/operatorModel.ts'

const DRAWS = 10_000
const WEIGHT_DRAWS = 4_000
const ROWS = 2
// Chance of a false alarm in one test of this file, shared out over its comparisons (Bonferroni).
const FALSE_ALARM = 1e-6
const gaussian = { likelihood: { name: 'gaussian', sigma: 1 } } as const

/** Of the layers, one of each kind, and of all noise. */
const SEED = 11
function specOf(operator: (typeof operatorNames)[number], changes: Partial<OperatorSpec>): OperatorSpec {
  return { ...fc.sample(operatorSpec(operator), { numRuns: 1, seed: SEED })[0]!, useBias: true, ...changes }
}

describe.each(operatorNames)('%s', (operator) => {
  test.each([false, true])('its draws inside the graph have its two moments; drawn before: %s', async (drawn) => {
    if (drawn && operator === 'embedding') return
    const spec = specOf(operator, { drawn })
    const model = buildOperatorModel(spec, 'localReparameterization')
    const built = buildModel(model, { mode: 'localReparameterization', noise: 'graph', samples: DRAWS, seed: SEED, ...gaussian })
    const run = await runnerOf(withMoments(built), spec)
    const [results, again] = [await run(), await run()]
    const layers = Object.keys(results).filter((name) => name.startsWith('draw_')).length
    expect(layers).toBe(1 + Number(drawn) + Number(operator === 'separableConv2d'))
    for (let layer = 0; layer < layers; layer++) {
      const standardized = standardize(results, layer)
      expectStandardNormal(standardized, standardized.length / DRAWS, layers)
      // Two runs have nothing in common.
      const second = standardize(again, layer)
      const correlation = standardized.reduce((sum, value, i) => sum + value * second[i]!, 0)
      expectZ(correlation / Math.sqrt(standardized.length), layers, 'correlation of two runs')
    }
    for (const weight of model.weights) weight.dispose()
  })

  test('its mean and variance are the same by the local trick, by draws of the weights and by moments', async () => {
    const spec = specOf(operator, { drawn: false, activation: 'linear' })
    const model = buildOperatorModel(spec, 'localReparameterization')
    const moments = await predict(model, spec, { mode: 'moments' })
    const drawn = {
      'local reparameterization': [
        await predict(model, spec, { mode: 'localReparameterization', noise: 'graph', samples: DRAWS, seed: SEED }),
        DRAWS,
      ],
      'draws of the weights': [
        await predict(model, spec, { mode: 'weightSampling', samples: WEIGHT_DRAWS, draws: 'independent', seed: SEED }),
        WEIGHT_DRAWS,
      ],
    } as const
    for (const weight of model.weights) weight.dispose()
    // Sums of normal numbers are normal; the two kernels of a separable convolution multiply, whose excess kurtosis is at most 6.
    const excess = operator === 'separableConv2d' ? 6 : 0
    const comparisons = 4 * moments.mean.length
    for (const [name, [prediction, draws]] of Object.entries(drawn)) {
      moments.mean.forEach((mean, i) => {
        const variance = moments.epistemicVariance![i]!
        expectZ((prediction.mean[i]! - mean) / Math.sqrt(variance / draws), comparisons, `mean ${i} by ${name}`)
        const ratio = prediction.epistemicVariance![i]! / variance
        expectZ((ratio - 1) / Math.sqrt((excess + 2) / draws), comparisons, `variance ${i} by ${name}`)
      })
    }
  })
})

test('a seed fixes with which noise a session begins; its runs draw anew', async () => {
  const spec = specOf('dense', { drawn: true })
  const model = buildOperatorModel(spec, 'localReparameterization')
  const runs = async (seed: number): Promise<readonly Float32Array[]> => {
    const options = { mode: 'localReparameterization', noise: 'graph', seed, ...gaussian } as const
    const predictor = await loadPredictor(exportModel(model, options), { likelihood: 'gaussian', providers: ['cpu'] })
    const x = { data: operatorInput(spec, ROWS), shape: [ROWS, ...inputShape(spec)] }
    const predictions = [await predictor.predict(x, { samples: 5 }), await predictor.predict(x, { samples: 5 })]
    await predictor.dispose()
    return predictions.map(({ mean }) => mean)
  }
  const first = await runs(SEED)
  expect(await runs(SEED)).toEqual(first)
  expect(first[1]).not.toEqual(first[0])
  for (const other of await runs(SEED + 1)) for (const mean of first) expect(other).not.toEqual(mean)
  for (const weight of model.weights) weight.dispose()
})

async function predict(model: tf.LayersModel, spec: OperatorSpec, options: ExportOptions): Promise<GaussianPrediction> {
  const predictor = await loadPredictor(exportModel(model, { ...options, ...gaussian }), {
    likelihood: 'gaussian',
    providers: ['cpu'],
  })
  const prediction = await predictor.predict({ data: operatorInput(spec, ROWS), shape: [ROWS, ...inputShape(spec)] })
  await predictor.dispose()
  return prediction
}

/** The same graph with each Bayesian layer's draw and its two moments as outputs too. */
function withMoments(model: OnnxModel): OnnxModel {
  const draws = model.graph.nodes.filter(({ hint }) => hint.endsWith('/draw'))
  const ports = draws.flatMap((draw, index): Port[] => {
    const [mean, deviation] = draw.inputs
    const [sigma] = deviation!.producer!.inputs
    return [
      { name: `draw_${index}`, value: draw.outputs[0]! },
      { name: `mean_${index}`, value: mean! },
      { name: `sigma_${index}`, value: sigma! },
    ]
  })
  return { ...model, graph: { ...model.graph, outputs: [...model.graph.outputs, ...ports] } }
}

async function runnerOf(model: OnnxModel, spec: OperatorSpec): Promise<() => Promise<Readonly<Record<string, Float32Array>>>> {
  const session = await ort.InferenceSession.create(encode(toMessage(model)))
  const x = new ort.Tensor('float32', operatorInput(spec, ROWS), [ROWS, ...inputShape(spec)])
  return async () => {
    const results = await session.run({ x })
    return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data as Float32Array]))
  }
}

/** (draw - mean) / sigma; a layer behind no draws has its moments once. */
function standardize(results: Readonly<Record<string, Float32Array>>, layer: number): Float32Array {
  const [draw, mean, sigma] = ['draw', 'mean', 'sigma'].map((name) => results[`${name}_${layer}`]!) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ]
  return draw.map((value, i) => (value - mean[i % mean.length]!) / sigma[i % sigma.length]!)
}

/** Of `lanes` interleaved series: mean 0 within 1 / sqrt(n), variance 1 within sqrt(2 / n). */
function expectStandardNormal(values: Float32Array, lanes: number, tests: number): void {
  const count = values.length / lanes
  for (let lane = 0; lane < lanes; lane++) {
    let [sum, squares] = [0, 0]
    for (let i = lane; i < values.length; i += lanes) {
      sum += values[i]!
      squares += values[i]! ** 2
    }
    expectZ(sum / Math.sqrt(count), 2 * lanes * tests, `mean of lane ${lane}`)
    expectZ((squares / count - 1) * Math.sqrt(count / 2), 2 * lanes * tests, `variance of lane ${lane}`)
  }
}

/** A number that is standard normal if all is well. */
function expectZ(z: number, comparisons: number, what: string): void {
  expect(normalPValue(z), `${what}: ${z.toFixed(2)} standard errors; seed ${SEED}`).toBeGreaterThan(FALSE_ALARM / comparisons)
}
