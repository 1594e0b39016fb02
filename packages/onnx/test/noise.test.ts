import * as tf from '@tensorflow/tfjs'
import { variationalDense } from '@tfjs-bayes/layers'
import * as ort from 'onnxruntime-node'
import { expect, test } from 'vitest'
import { buildModel } from '../src/buildModel.ts'
import type { OnnxModel } from '../src/ir/graph.ts'
import type { Value } from '../src/ir/value.ts'
import { encode } from '../src/wire/encode.ts'
import { toMessage } from '../src/wire/toMessage.ts'
import { normals } from './support/random.ts'
import { randomizeWeights } from './support/randomModel.ts'

const SAMPLES = 10_000
const ROWS = 3
// Two-sided false-alarm probability of one comparison at 5 standard errors: 6e-7; with 2 x 27 of them, 3e-5 a run.
const STANDARD_ERRORS = 5

test('noise drawn inside the graph has the moments of the posterior, in each layer', async () => {
  const model = tf.sequential({
    layers: [variationalDense({ units: 5, activation: 'relu', inputShape: [3] }), variationalDense({ units: 4 })],
  })
  randomizeWeights(model, 7)
  const built = buildModel(model, { mode: 'localReparameterization', noise: 'graph', samples: SAMPLES })
  const session = await ort.InferenceSession.create(encode(toMessage(withInnerOutputs(built))))
  const x = normals(ROWS * 3, 8)
  const results = await session.run({ x: new ort.Tensor('float32', x, [ROWS, 3]) })
  const [first, second] = model.layers as ReturnType<typeof variationalDense>[]

  // First layer: both moments from mu and sigma by plain arithmetic, the same for all draws.
  const draws = results['draw_0']!.data as Float32Array
  const { mean, variance } = moments(first!, x, ROWS)
  const standardized = draws.map((draw, i) => (draw - mean[i % mean.length]!) / Math.sqrt(variance[i % mean.length]!))
  expectStandardNormal(standardized, ROWS * 5)

  // Second layer: given its own input, draw by draw, each pre-activation has its own two moments.
  const hidden = draws.map((draw) => Math.max(draw, 0))
  const given = moments(second!, hidden, SAMPLES * ROWS)
  const outputs = results['draw_1']!.data as Float32Array
  expectStandardNormal(
    outputs.map((draw, i) => (draw - given.mean[i]!) / Math.sqrt(given.variance[i]!)),
    ROWS * 4,
  )

  // Noise of the two layers, and of two runs, has nothing in common.
  const again = (await session.run({ x: new ort.Tensor('float32', x, [ROWS, 3]) }))['draw_0']!.data as Float32Array
  const correlation = again.reduce(
    (sum, draw, i) => sum + ((draw - mean[i % mean.length]!) / Math.sqrt(variance[i % mean.length]!)) * standardized[i]!,
    0,
  )
  expect(Math.abs(correlation / again.length)).toBeLessThan(STANDARD_ERRORS / Math.sqrt(again.length))
  await session.release()
  model.dispose()
})

/** Pre-activation's mean and variance for each row and unit, in float64, from mu and sigma. */
function moments(
  layer: ReturnType<typeof variationalDense>,
  x: Float32Array,
  rows: number,
): { mean: Float64Array; variance: Float64Array } {
  const [muW, sigmaW, muB, sigmaB] = tf.tidy(() => {
    const { kernel, bias } = layer.posterior()
    return [kernel.mu, kernel.sigma, bias!.mu, bias!.sigma].map((tensor) => (tensor as tf.Tensor).dataSync())
  }) as Float32Array[]
  const { units } = layer
  const inputs = x.length / rows
  const mean = new Float64Array(rows * units)
  const variance = new Float64Array(rows * units)
  for (let row = 0; row < rows; row++) {
    for (let unit = 0; unit < units; unit++) {
      let m = muB![unit]!
      let v = sigmaB![unit]! ** 2
      for (let i = 0; i < inputs; i++) {
        m += x[row * inputs + i]! * muW![i * units + unit]!
        v += x[row * inputs + i]! ** 2 * sigmaW![i * units + unit]! ** 2
      }
      mean[row * units + unit] = m
      variance[row * units + unit] = v
    }
  }
  return { mean, variance }
}

/** Of `lanes` interleaved series: mean 0 within 1 / sqrt(n), variance 1 within sqrt(2 / n). */
function expectStandardNormal(values: Float32Array, lanes: number): void {
  const count = values.length / lanes
  for (let lane = 0; lane < lanes; lane++) {
    let sum = 0
    let squares = 0
    for (let i = lane; i < values.length; i += lanes) {
      sum += values[i]!
      squares += values[i]! ** 2
    }
    expect(Math.abs(sum / count) * Math.sqrt(count), `mean of lane ${lane}`).toBeLessThan(STANDARD_ERRORS)
    expect(Math.abs(squares / count - 1) * Math.sqrt(count / 2), `variance of lane ${lane}`).toBeLessThan(STANDARD_ERRORS)
  }
}

/** The same graph with each Bayesian layer's draw as an output too. */
function withInnerOutputs(model: OnnxModel): OnnxModel {
  const draws = model.graph.nodes.flatMap((node): Value[] => (node.hint.endsWith('/draw') ? [node.outputs[0]!] : []))
  const outputs = draws.map((value, index) => ({ name: `draw_${index}`, value }))
  return { ...model, graph: { ...model.graph, outputs: [...model.graph.outputs, ...outputs] } }
}
