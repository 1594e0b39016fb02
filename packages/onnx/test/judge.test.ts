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
import { runOnNode } from './support/compare.ts'
import { askJudge, findJudge } from './support/judge.ts'
import { classifier, regression } from './support/models.ts'
import { normals } from './support/random.ts'
import { categoricalReference, maxDifference, outputsOf, type Reference } from './support/reference.ts'

const FILES = 40
const ROWS = 2
const SAMPLES = 3
// The reference evaluator computes some operators in float64, some in float32.
const TOLERANCE = 1e-5
// Quantiles are found to some 1e-6 of their range; the moments of a maximum take differences.
const OUTPUT_TOLERANCE = 5e-5
const HALF_TOLERANCE = 2e-2

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
    const others = otherFiles()
    for (const { name, bytes, shape, runs } of others) {
      await writeFile(join(folder, `${name}.onnx`), bytes)
      const x = { type: 'float32', shape: [ROWS, ...shape], data: [...normals(ROWS * sizeOf(shape), 1)] }
      if (runs) await writeFile(join(folder, `${name}.json`), JSON.stringify({ x }))
    }

    const verdicts = askJudge((judge as { python: string }).python, folder)
    expect(Object.keys(verdicts)).toHaveLength(FILES + others.length)
    expect(Object.entries(verdicts).filter(([, { error }]) => error !== '')).toEqual([])
    for (const [name, reference] of expected) {
      const outputs = verdicts[name]!.outputs!
      expect(maxDifference(outputs['probabilities']!, reference.probabilities), name).toBeLessThan(TOLERANCE)
      expect(maxDifference(outputs['entropy']!, reference.entropy), name).toBeLessThan(TOLERANCE)
      expect(maxDifference(outputs['expected_entropy']!, reference.expectedEntropy), name).toBeLessThan(TOLERANCE)
      expect(maxDifference(outputs['mutual_information']!, reference.mutualInformation), name).toBeLessThan(TOLERANCE)
    }
    const worst = { float32: 0, float16: 0 }
    for (const { name, bytes, shape, isHalf } of others.filter(({ runs }) => runs)) {
      const x = { type: 'float32', data: normals(ROWS * sizeOf(shape), 1), dims: [ROWS, ...shape] } as const
      for (const [output, { data }] of Object.entries(await runOnNode(bytes, { x }))) {
        const difference = maxDifference(verdicts[name]!.outputs![output]!, data)
        const precision = isHalf ? 'float16' : 'float32'
        worst[precision] = Math.max(worst[precision], difference)
        expect(difference, `${name}, ${output}`).toBeLessThan(isHalf ? HALF_TOLERANCE : OUTPUT_TOLERANCE)
      }
    }
    console.log(
      "largest difference of onnxruntime to the reference evaluator, which rounds each operator's result to the file's precision:",
      worst,
    )
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

/** Files of every mode, every output and both precisions. */
function otherFiles(): readonly OtherFile[] {
  const [first, second, third, pruned] = [classifier(), regression(), regression(2), classifier(3)]
  pruneUnits(pruned)
  const image = tf.sequential({
    layers: [
      variationalConv2d({ filters: 2, kernelSize: 3, activation: 'relu', inputShape: [7, 7, 1] }),
      tf.layers.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' }),
      tf.layers.globalMaxPooling2d({}),
      variationalDense({ units: 3 }),
    ],
  })
  const modes: readonly ExportOptions[] = [
    { mode: 'localReparameterization', noise: 'graph' },
    { mode: 'localReparameterization', noise: 'graph', samples: 4 },
    { mode: 'localReparameterization', noise: 'graph', precision: 'float16' },
    { mode: 'localReparameterization', noise: 'baked', samples: 4 },
    { mode: 'localReparameterization', noise: 'baked', samples: 4, precision: 'float16' },
    { mode: 'weightSampling', samples: 2 },
    { mode: 'weightSampling', samples: 2, precision: 'float16' },
    { mode: 'moments' },
    { mode: 'mean' },
    { mode: 'mean', precision: 'float16' },
  ]
  const numbers = ['mean', 'aleatoricVariance', 'epistemicVariance', 'quantiles', 'samples'] as const
  const classes = ['probabilities', 'entropy', 'expectedEntropy', 'mutualInformation', 'variance', 'samples'] as const
  const withOutputs = (options: ExportOptions, names: readonly string[]): ExportOptions => {
    const left = names.filter((name) => {
      if (options.mode === 'mean')
        return !['expectedEntropy', 'mutualInformation', 'variance', 'epistemicVariance', 'samples'].includes(name)
      return options.mode !== 'moments' || name !== 'samples'
    })
    return { ...options, outputs: left } as ExportOptions
  }
  const files = [17, 18, 19, 20].flatMap((opset) =>
    modes.flatMap((mode, index): OtherFile[] => {
      const options = { ...mode, opset, cuda: 'optional' } as const
      const file = (name: string, model: tf.LayersModel, own: ExportOptions): OtherFile => ({
        name: `${name}_${opset}_${index}`,
        bytes: exportModel(model, own),
        shape: model.inputs[0]!.shape.slice(1) as number[],
        // Noise drawn inside is nothing to compare; nor is a number of draws that nobody gives.
        runs: !('noise' in mode && mode.noise === 'graph'),
        isHalf: mode.precision === 'float16',
      })
      const gaussian = { ...withOutputs(options, numbers), likelihood: { name: 'gaussian', sigma: 0.1 } } as const
      const own = { ...withOutputs(options, numbers), likelihood: { name: 'heteroscedasticGaussian' } } as const
      return [
        file('classifier', first, withOutputs(options, classes)),
        file('pruned', pruned, options),
        file('regression', second, { ...gaussian, quantiles: [0.1, 0.9] }),
        file('heteroscedastic', third, { ...own, quantiles: [0.5] }),
        file('image', image, options),
      ]
    }),
  )
  for (const model of [first, second, third, pruned, image]) model.dispose()
  return files
}

interface OtherFile {
  readonly name: string
  readonly bytes: Uint8Array
  /** Of a row. */
  readonly shape: readonly number[]
  /** Whether rows are all that it needs, and its answer is one. */
  readonly runs: boolean
  readonly isHalf: boolean
}

/** Two hidden units of a classifier lead nowhere. */
function pruneUnits(model: tf.LayersModel): void {
  const last = model.layers.at(-1) as ReturnType<typeof variationalDense>
  for (const [variable, value] of [
    [last.kernelMu, 0],
    [last.kernelRho, -200],
  ] as const) {
    tf.tidy(() => {
      const [rows, columns] = variable.shape as [number, number]
      const dead = tf.range(0, rows).less(2).tile([columns]).reshape([columns, rows]).transpose()
      variable.write(tf.where(dead, value, variable.read()))
    })
  }
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, length) => size * length, 1)
}
