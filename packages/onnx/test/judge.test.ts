import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { variationalConv2d, variationalDense } from '@tfjs-bayes/layers'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type ExportOptions, exportModel } from '../src/index.ts'
import { readSignature } from '../src/predictor/signature.ts'
import { anySpec, buildAnyModel, endsInSoftmax, rowShape } from './support/anyModel.ts'
import { askJudge, findJudge } from './support/judge.ts'
import { classifier, regression } from './support/models.ts'
import { normals } from './support/random.ts'
import { categoricalReference, maxDifference, outputsOf, type Reference } from './support/reference.ts'

const FILES = 40
const ROWS = 2
const SAMPLES = 3
// The reference evaluator computes some operators in float64, some in float32.
const TOLERANCE = 1e-5

const judge = findJudge()
if ('missing' in judge)
  console.log(`NOT RUN: Python's onnx package as the judge of exported files is not available here (${judge.missing}).`)

test.runIf('python' in judge)("Python's onnx package accepts the files and computes the same", async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tfjs-bayes-judge-'))
  try {
    const expected = new Map<string, Reference>()
    for (const [index, spec] of fc.sample(anySpec({ bayesian: true }), { numRuns: FILES, seed: 20 }).entries()) {
      const model = buildAnyModel(spec)
      const name = `model_${index}`
      const bytes = exportModel(model, {
        mode: 'localReparameterization',
        noise: 'input',
        opset: 17 + (index % 4),
        cuda: 'optional',
      })
      const x = normals(ROWS * sizeOf(rowShape(spec)), spec.seed + 1)
      const noise = readSignature(bytes).noise.map(({ shape }, stream) => {
        const whole = [SAMPLES, ROWS, ...(shape.slice(2) as number[])]
        return {
          data: normals(
            whole.reduce((a, b) => a * b, 1),
            spec.seed + 2 + stream,
          ),
          shape: whole,
        }
      })
      expected.set(name, categoricalReference(outputsOf(model, x, noise), spec.classes, endsInSoftmax(spec)))
      const feeds = {
        x: { data: x, shape: [ROWS, ...rowShape(spec)] },
        ...Object.fromEntries(noise.map((tensor, stream) => [`noise_${stream}`, tensor])),
      }
      const json = Object.fromEntries(
        Object.entries(feeds).map(([key, { data, shape }]) => [key, { type: 'float32', shape, data: [...data] }]),
      )
      await writeFile(join(folder, `${name}.onnx`), bytes)
      await writeFile(join(folder, `${name}.json`), JSON.stringify(json))
      for (const weight of model.weights) weight.dispose()
    }
    for (const [name, bytes] of otherFiles()) await writeFile(join(folder, `${name}.onnx`), bytes)

    const verdicts = askJudge((judge as { python: string }).python, folder)
    expect(Object.keys(verdicts)).toHaveLength(FILES + otherFiles().length)
    expect(Object.entries(verdicts).filter(([, { error }]) => error !== '')).toEqual([])
    for (const [name, reference] of expected) {
      const outputs = verdicts[name]!.outputs!
      expect(maxDifference(outputs['probabilities']!, reference.probabilities), name).toBeLessThan(TOLERANCE)
      expect(maxDifference(outputs['entropy']!, reference.entropy), name).toBeLessThan(TOLERANCE)
      expect(maxDifference(outputs['expected_entropy']!, reference.expectedEntropy), name).toBeLessThan(TOLERANCE)
      expect(maxDifference(outputs['mutual_information']!, reference.mutualInformation), name).toBeLessThan(TOLERANCE)
    }
  } finally {
    await rm(folder, { recursive: true })
  }
})

test.runIf('python' in judge)('the judge does find faults', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tfjs-bayes-judge-'))
  try {
    const model = classifier()
    const bytes = exportModel(model, { mode: 'mean' })
    model.dispose()
    // Another operator name of the same length.
    const text = Buffer.from(bytes).toString('latin1').replace('LogSoftmax', 'LogSoftmix')
    await writeFile(join(folder, 'broken.onnx'), Buffer.from(text, 'latin1'))
    expect(askJudge((judge as { python: string }).python, folder)['broken']!.error).toMatch(/LogSoftmix/)
  } finally {
    await rm(folder, { recursive: true })
  }
})

/** Files whose randomness is inside, and regressions: checked, not run. */
function otherFiles(): readonly (readonly [string, Uint8Array])[] {
  const [first, second] = [classifier(), regression()]
  const needingNoInput: ExportOptions[] = [
    { mode: 'localReparameterization', noise: 'graph' },
    { mode: 'localReparameterization', noise: 'graph', samples: 4 },
    { mode: 'localReparameterization', noise: 'graph', precision: 'float16' },
    { mode: 'weightSampling', samples: 2 },
    { mode: 'moments' },
  ]
  const gaussian = { name: 'gaussian', sigma: 0.1 } as const
  const files = [17, 18, 19, 20].flatMap((opset) =>
    needingNoInput.flatMap((options, index) => [
      [`classifier_${opset}_${index}`, exportModel(first, { ...options, opset, cuda: 'optional' })] as const,
      [
        `regression_${opset}_${index}`,
        exportModel(second, { ...options, opset, cuda: 'optional', likelihood: gaussian }),
      ] as const,
    ]),
  )
  const image = tf.sequential({
    layers: [
      variationalConv2d({ filters: 2, kernelSize: 3, activation: 'relu', inputShape: [7, 7, 1] }),
      tf.layers.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' }),
      tf.layers.globalMaxPooling2d({}),
      variationalDense({ units: 3 }),
    ],
  })
  const maxima = [17, 18, 19, 20].map(
    (opset) => [`maxima_${opset}`, exportModel(image, { mode: 'moments', opset, cuda: 'optional' })] as const,
  )
  for (const model of [first, second, image]) model.dispose()
  return [...files, ...maxima]
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, length) => size * length, 1)
}
