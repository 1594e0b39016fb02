import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import * as tf from '@tensorflow/tfjs'
import { variationalDense } from '@tfjs-bayes/layers'
import fc from 'fast-check'
import * as ort from 'onnxruntime-web'
import { beforeAll, expect, test } from 'vitest'
import { type ExportOptions, exportModel, FileAccessError } from '../src/index.ts'
import { loadPredictor as loadOnNode } from '../src/node.ts'
import { readSignature } from '../src/predictor/signature.ts'
import { loadPredictor } from '../src/web.ts'
import { anySpec, buildAnyModel, rowShape } from './support/anyModel.ts'
import { exportOrRefusal } from './support/exportOrRefusal.ts'
import { classifier } from './support/models.ts'
import { normals } from './support/random.ts'
import { randomizeWeights } from './support/randomModel.ts'
import { maxDifference } from './support/reference.ts'

const RUNS = Number(process.env['TFJS_BAYES_PROPERTY_RUNS'] ?? 25)

beforeAll(() => {
  ort.env.wasm.numThreads = 1
})

const modes: readonly ExportOptions[] = [
  { mode: 'mean' },
  { mode: 'localReparameterization', noise: 'input' },
  { mode: 'localReparameterization', noise: 'baked', samples: 4 },
  { mode: 'weightSampling', samples: 3 },
  { mode: 'moments' },
]

test('onnxruntime-web answers what onnxruntime-node answers, in every mode whose noise is known', async () => {
  let worst = 0
  await fc.assert(
    fc.asyncProperty(
      anySpec({ bayesian: true }),
      fc.constantFrom(...modes),
      fc.integer({ min: 1, max: 3 }),
      async (spec, options, rows) => {
        const model = buildAnyModel(spec)
        const bytes = exportOrRefusal(model, options)
        for (const weight of model.weights) weight.dispose()
        if (bytes == null) return
        const x = normals(rows * rowShape(spec).reduce((a, b) => a * b, 1), spec.seed)
        const noise = readSignature(bytes).noise.map(({ shape }, stream) =>
          normals(
            [2, rows, ...(shape.slice(2) as number[])].reduce((a, b) => a * b, 1),
            spec.seed + stream,
          ),
        )
        const predictOptions = noise.length === 0 ? {} : { noise }
        const [web, node] = [await loadPredictor(bytes), await loadOnNode(bytes, { providers: ['cpu'] })]
        const [actual, expected] = [await web.predict(x, predictOptions), await node.predict(x, predictOptions)]
        await web.dispose()
        await node.dispose()
        for (const key of ['probabilities', 'entropy', 'expectedEntropy', 'mutualInformation'] as const) {
          if (expected[key] == null) continue
          const difference = maxDifference(actual[key]!, expected[key])
          worst = Math.max(worst, difference)
          expect(difference, key).toBeLessThanOrEqual(1e-5)
        }
      },
    ),
    { numRuns: RUNS },
  )
  console.log(
    `largest difference between onnxruntime-web and onnxruntime-node over ${RUNS} random models: ${worst.toExponential(2)}`,
  )
})

test.each<[string, ExportOptions]>([
  ['fed draws', { mode: 'localReparameterization', noise: 'input' }],
  ['moments', { mode: 'moments' }],
])('numbers, variances and quantiles are those of onnxruntime-node: %s', async (_, options) => {
  const network = tf.sequential({
    layers: [variationalDense({ units: 5, activation: 'tanh', inputShape: [3] }), variationalDense({ units: 4 })],
  })
  randomizeWeights(network, 3)
  const outputs = ['mean', 'epistemicVariance', 'aleatoricVariance', 'quantiles'] as const
  const likelihood = { name: 'heteroscedasticGaussian' } as const
  const bytes = exportModel(network, { ...options, likelihood, outputs, quantiles: [0.1, 0.5, 0.975] })
  network.dispose()
  const [rows, samples] = [5, 4]
  const noise = readSignature(bytes).noise.map(({ shape }, stream) => normals(samples * rows * Number(shape[2]), 4 + stream))
  const answer = async (predictor: Awaited<ReturnType<typeof loadPredictor<'gaussian', (typeof outputs)[number]>>>) => {
    const prediction = await predictor.predict(normals(rows * 3, 2), noise.length === 0 ? {} : { noise })
    await predictor.dispose()
    return prediction
  }
  const [web, node] = [
    await answer(await loadPredictor(bytes, { likelihood: 'gaussian', outputs })),
    await answer(await loadOnNode(bytes, { likelihood: 'gaussian', outputs, providers: ['cpu'] })),
  ]
  expect(web.quantiles).toHaveLength(rows * 2 * 3)
  for (const key of outputs) expect(maxDifference(web[key], node[key]), key).toBeLessThan(1e-5)
})

test('noise drawn inside is standard normal here too: its averages are those of moments', async () => {
  const [rows, samples] = [3, 20_000]
  const model = tf.sequential({ layers: [variationalDense({ units: 2, inputShape: [3] })] })
  randomizeWeights(model, 5)
  const options = { likelihood: { name: 'gaussian', sigma: 1 } } as const
  const drawn = exportModel(model, { ...options, mode: 'localReparameterization', noise: 'graph', seed: 1 })
  const exact = exportModel(model, { ...options, mode: 'moments' })
  model.dispose()
  const outputs = ['mean', 'epistemicVariance'] as const
  const [a, b] = [
    await loadPredictor(drawn, { likelihood: 'gaussian', outputs }),
    await loadPredictor(exact, { likelihood: 'gaussian', outputs }),
  ]
  const x = normals(rows * 3, 6)
  const [actual, expected] = [await a.predict(x, { samples }), await b.predict(x)]
  await a.dispose()
  await b.dispose()
  expected.mean.forEach((mean, i) => {
    const variance = expected.epistemicVariance[i]!
    // 12 comparisons, each a false alarm with a probability of 6e-7.
    expect(Math.abs(actual.mean[i]! - mean) / Math.sqrt(variance / samples)).toBeLessThan(5)
    expect(Math.abs(actual.epistemicVariance[i]! / variance - 1) / Math.sqrt(2 / samples)).toBeLessThan(5)
  })
})

test('10,000 predictions leave no memory behind', async () => {
  const model = classifier()
  const predictor = await loadPredictor(exportModel(model, { mode: 'localReparameterization', noise: 'graph', samples: 2 }))
  model.dispose()
  const row = normals(3, 9)
  const run = async (times: number): Promise<{ heap: number; resident: number }> => {
    for (let i = 0; i < times; i++) await predictor.predict(row)
    collectGarbage()
    const { heapUsed, external, rss } = process.memoryUsage()
    return { heap: heapUsed + external, resident: rss }
  }
  const before = await run(2_000)
  const after = await run(10_000)
  await predictor.dispose()
  expect(after.heap - before.heap).toBeLessThan(2 * 2 ** 20)
  // What V8 keeps for itself comes in steps of 16 MiB and stops at some 30.
  expect(after.resident - before.resident).toBeLessThan(64 * 2 ** 20)
})

test('it says what it runs on, fetches its file, and names what goes wrong', async () => {
  const model = classifier()
  const bytes = exportModel(model, { mode: 'localReparameterization', noise: 'graph' })
  model.dispose()
  const server = createServer((request, response) => {
    response.statusCode = request.url === '/model.onnx' ? 200 : 404
    response.end(request.url === '/model.onnx' ? bytes : '')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  try {
    const predictor = await loadPredictor(`${address}/model.onnx`)
    expect(predictor.provider).toBe('wasm')
    expect(predictor.message).toMatch(/^onnxruntime-web on wasm; no WebGPU/)
    const { probabilities } = await predictor.predict(normals(6, 1), { samples: 50 })
    expect(probabilities).toHaveLength(8)
    await predictor.dispose()
    await expect(loadPredictor(`${address}/nothing.onnx`)).rejects.toThrow(FileAccessError)
    await expect(loadPredictor(`${address}/nothing.onnx`)).rejects.toThrow(/answers 404/)
    await expect(loadPredictor('http://127.0.0.1:1/model.onnx')).rejects.toThrow(/cannot be fetched/)
  } finally {
    server.close()
  }
})

function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
}
