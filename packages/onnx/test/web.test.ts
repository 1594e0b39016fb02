import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import * as ort from 'onnxruntime-web'
import { beforeAll, expect, test } from 'vitest'
import { type ExportOptions, exportModel, FileAccessError } from '../src/index.ts'
import { loadPredictor as loadOnNode } from '../src/node.ts'
import { readSignature } from '../src/predictor/signature.ts'
import { loadPredictor } from '../src/web.ts'
import { anySpec, buildAnyModel, rowShape } from './support/anyModel.ts'
import { classifier } from './support/models.ts'
import { normals } from './support/random.ts'
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
        const bytes = exportModel(model, options)
        for (const weight of model.weights) weight.dispose()
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
