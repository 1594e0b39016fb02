import * as tf from '@tensorflow/tfjs'
import { variationalDense, variationalLayers } from '@tfjs-bayes/layers'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { buildModel, type ExportOptions, exportModel, InvalidOptionError, InvalidWeightError } from '../src/index.ts'
import { type GaussianPrediction, loadPredictor, type Predictions } from '../src/node.ts'
import { readSignature } from '../src/predictor/signature.ts'
import { anySpec, buildAnyModel, rowShape } from './support/anyModel.ts'
import { normals } from './support/random.ts'
import { maxDifference } from './support/reference.ts'

const half = { precision: 'float16' } as const
// onnxruntime's CPU provider stores float16 and computes in float32 between; a GPU that computes in float16 throughout errs more.
const TOLERANCE = 5e-3
const RUNS = Number(process.env['TFJS_BAYES_PROPERTY_RUNS'] ?? 40)

const modes: readonly ExportOptions[] = [
  { mode: 'mean' },
  { mode: 'localReparameterization', noise: 'input' },
  { mode: 'localReparameterization', noise: 'baked', samples: 4 },
  { mode: 'weightSampling', samples: 3 },
]

test('float16 answers what float32 answers, within its precision', async () => {
  let worst = 0
  let sum = 0
  await fc.assert(
    fc.asyncProperty(anySpec({ bayesian: true }), fc.constantFrom(...modes), async (spec, options) => {
      const model = buildAnyModel(spec)
      const [single, halved] = [exportModel(model, options), exportModel(model, { ...options, ...half })]
      for (const weight of model.weights) weight.dispose()
      const x = normals(2 * rowShape(spec).reduce((a, b) => a * b, 1), spec.seed)
      const noise = readSignature(single).noise.map(({ shape }, stream) =>
        normals(
          [2, 2, ...(shape.slice(2) as number[])].reduce((a, b) => a * b, 1),
          spec.seed + stream,
        ),
      )
      const [expected, actual] = [await categorical(single, x, noise), await categorical(halved, x, noise)]
      const difference = maxDifference(actual.probabilities, expected.probabilities)
      worst = Math.max(worst, difference)
      sum += difference
      expect(difference).toBeLessThan(TOLERANCE)
    }),
    { numRuns: RUNS },
  )
  console.log(
    `float16 against float32 over ${RUNS} random models: largest difference ${worst.toExponential(1)}, mean ${(sum / RUNS).toExponential(1)}`,
  )
})

test('small variances do not underflow', async () => {
  // sigma = 1e-4: its square, 1e-8, is 0 in float16, and 1e-5 would have two digits.
  const model = tf.sequential({
    layers: [variationalDense({ units: 3, inputShape: [4] }), tf.layers.dense({ units: 2, useBias: false })],
  })
  setSigma(model, 1e-4)
  const x = normals(5 * 4, 1)
  const options: ExportOptions = {
    mode: 'localReparameterization',
    noise: 'baked',
    samples: 64,
    likelihood: { name: 'gaussian', sigma: 1 },
  }
  const single = await gaussian(exportModel(model, options), x)
  // A mean of 0 leaves the draws themselves, which float16 keeps to 11 bits.
  for (const weight of model.weights.filter(({ originalName }) => originalName.endsWith('_mu'))) write(weight, () => 0)
  const halved = await gaussian(exportModel(model, { ...options, ...half }), x)
  halved.epistemicVariance!.forEach((variance, i) => {
    expect(variance).toBeGreaterThan(0)
    expect(Math.abs(variance / single.epistemicVariance![i]! - 1)).toBeLessThan(0.02)
  })
  model.dispose()
})

test('inputs and outputs stay float32, weights take half the room, and CUDA has every kernel', () => {
  const model = tf.sequential({
    layers: [variationalDense({ units: 200, activation: 'relu', inputShape: [200] }), variationalDense({ units: 10 })],
  })
  const options = { mode: 'localReparameterization', noise: 'graph', seed: 1 } as const
  expect(exportModel(model, { ...options, ...half }).length / exportModel(model, options).length).toBeLessThan(0.52)
  const { graph } = buildModel(model, { ...options, ...half })
  for (const { value } of [...graph.inputs, ...graph.outputs]) expect(['float', 'int64']).toContain(value.type.elementType)
  const products = graph.nodes.filter(({ opType }) => opType === 'Gemm' || opType === 'MatMul')
  expect(products.map((node) => node.outputs[0]!.type.elementType)).toEqual(['float16', 'float16', 'float16', 'float16'])
  expect(exportModel(model, { ...options, ...half })).toEqual(exportModel(model, { ...options, ...half }))
  model.dispose()
})

test('noise drawn inside works in float16 too', async () => {
  const model = tf.sequential({
    layers: [variationalDense({ units: 8, activation: 'relu', inputShape: [4] }), variationalDense({ units: 3 })],
  })
  setSigma(model, 0.1)
  const x = normals(3 * 4, 2)
  const answer = async (options: ExportOptions): Promise<Predictions['categorical']> =>
    categorical(exportModel(model, options), x, [])
  const options = { mode: 'localReparameterization', noise: 'graph', samples: 4000, seed: 1 } as const
  const [single, halved] = [await answer(options), await answer({ ...options, ...half })]
  expect(maxDifference(halved.probabilities, single.probabilities)).toBeLessThan(0.01)
  model.dispose()
})

test('what float16 cannot do is a named error', () => {
  const model = tf.sequential({ layers: [variationalDense({ units: 2, inputShape: [2] })] })
  expect(() => exportModel(model, { mode: 'moments', ...half })).toThrow(InvalidOptionError)
  expect(() => exportModel(model, { mode: 'mean', precision: 'float8' as 'float16' })).toThrow(/precision is "float8"/)
  write(model.weights[0]!, () => 70_000)
  expect(() => exportModel(model, { mode: 'mean', ...half })).toThrow(InvalidWeightError)
  expect(() => exportModel(model, { mode: 'mean', ...half })).toThrow(/kernel_mean is 70000, beyond the largest float16, 65504/)
  model.dispose()
})

async function categorical(
  file: Uint8Array,
  x: Float32Array,
  noise: readonly Float32Array[],
): Promise<Predictions['categorical']> {
  const predictor = await loadPredictor(file, { providers: ['cpu'] })
  const prediction = await predictor.predict(x, noise.length === 0 ? {} : { noise })
  await predictor.dispose()
  return prediction
}

async function gaussian(file: Uint8Array, x: Float32Array): Promise<GaussianPrediction> {
  const predictor = await loadPredictor(file, { likelihood: 'gaussian', providers: ['cpu'] })
  const prediction = await predictor.predict(x)
  await predictor.dispose()
  return prediction
}

function setSigma(model: tf.LayersModel, sigma: number): void {
  for (const layer of variationalLayers(model)) {
    for (const rho of [layer.kernelRho, layer.biasRho!]) write(rho, () => Math.log(Math.expm1(sigma)))
  }
}

function write(weight: tf.LayerVariable, value: () => number): void {
  const shape = weight.shape as number[]
  const tensor = tf.tensor(Float32Array.from({ length: tf.util.sizeFromShape(shape) }, value), shape)
  weight.write(tensor)
  tensor.dispose()
}
