import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeModel, exportLayersModel, InvalidModelError, UnsupportedLayerError } from '../src/index.ts'
import { planModel } from '../src/plan/modelPlan.ts'
import { askJudge, findJudge } from './support/judge.ts'
import { LAYERS_BY_RANK } from './support/randomLayer.ts'
import {
  type BuiltModel,
  buildLayersModelOf,
  type InputSpec,
  inputSpec,
  inputsFor,
  layersModelSpec,
  modelOfLayer,
} from './support/randomLayersModel.ts'

const ARCHITECTURES = 40
const SEED = 7
const ROWS = 2
const TOLERANCE = 1e-5

const judge = findJudge()
if ('missing' in judge)
  console.log(`NOT RUN: Python's onnx package as the judge of exported files is not available here (${judge.missing}).`)

test.runIf('python' in judge)("Python's onnx package accepts files of every layer and computes the same", async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tfjs-bayes-judge-layers-'))
  try {
    const expected = new Map<string, readonly { readonly data: ArrayLike<number>; readonly shape: readonly number[] }[]>()
    const outputNames = new Map<string, readonly string[]>()
    let count = 0
    for (const { name, built, inputs } of models()) {
      const data = inputsFor(inputs, ROWS, SEED + count)
      const outputs = predicted(built.model, data)
      const bytes = outputs == null ? undefined : exported(built.model, 17 + (count % 4))
      if (outputs != null && bytes != null) {
        const file = `${name}_${count++}`
        const plan = planModel(built.model)
        expected.set(file, outputs)
        outputNames.set(file, plan.outputNames)
        const feeds = plan.inputs.map((input, index) => [
          input.name,
          { type: 'float32', shape: data[index]!.shape, data: [...data[index]!.dataSync()] },
        ])
        await writeFile(join(folder, `${file}.onnx`), bytes)
        if (referenceKnows(bytes)) await writeFile(join(folder, `${file}.json`), JSON.stringify(Object.fromEntries(feeds)))
      }
      tf.dispose(data)
      for (const weight of built.model.weights) weight.dispose()
    }
    const verdicts = askJudge((judge as { python: string }).python, folder)
    expect(Object.keys(verdicts)).toHaveLength(expected.size)
    expect(Object.entries(verdicts).filter(([, { error }]) => error !== '')).toEqual([])
    const different: string[] = []
    let evaluated = 0
    for (const [file, outputs] of expected) {
      if (verdicts[file]!.outputs == null) continue
      evaluated++
      outputNames.get(file)!.forEach((name, index) => {
        const difference = relativeDifference(verdicts[file]!.outputs![name]!, outputs[index]!.data)
        if (!(difference <= TOLERANCE)) different.push(`${file}: ${difference}`)
      })
    }
    expect(different).toEqual([])
    console.log(`${expected.size} files of every layer checked, ${evaluated} evaluated`)
  } finally {
    await rm(folder, { recursive: true })
  }
})

/** Its GlobalMaxPool takes the maximum over channels too where there is one spatial axis (onnx 1.23.2). */
function referenceKnows(bytes: Uint8Array): boolean {
  return !decodeModel(bytes).graph.nodes.some(({ opType, inputs }) => opType === 'GlobalMaxPool' && inputs[0]!.rank === 3)
}

function* models(): Generator<{ readonly name: string; readonly built: BuiltModel; readonly inputs: readonly InputSpec[] }> {
  for (const [rank, byName] of Object.entries(LAYERS_BY_RANK)) {
    for (const [name, layer] of Object.entries(byName)) {
      const inputs = inputSpec(fc.constant(Number(rank) - 1)).filter(({ vocabulary }) => vocabulary == null)
      for (const [spec, input] of fc.sample(fc.tuple(layer, inputs), { numRuns: 2, seed: SEED })) {
        const built = modelOfLayer(spec, input, SEED)
        if (built != null) yield { name, built, inputs: [input] }
      }
    }
  }
  for (const spec of fc.sample(layersModelSpec(), { numRuns: ARCHITECTURES, seed: SEED }))
    yield { name: 'architecture', built: buildLayersModelOf(spec), inputs: spec.inputs }
  yield openAxes()
}

/** Sizes that two inputs leave open, and one that is made of another, meet. */
function openAxes(): { readonly name: string; readonly built: BuiltModel; readonly inputs: readonly InputSpec[] } {
  const inputs: readonly InputSpec[] = [1, 2].map(() => ({ sizes: [2, 3], open: [true, false] }))
  const [a, b] = inputs.map(() => tf.input({ shape: [null, 3] as unknown as number[] })) as [tf.SymbolicTensor, tf.SymbolicTensor]
  const pooled = tf.layers.maxPooling1d({ poolSize: 3, strides: 2, padding: 'same' }).apply(a) as tf.SymbolicTensor
  const outputs = [
    tf.layers.add().apply([a, b]),
    tf.layers.concatenate({ axis: -1 }).apply([a, b]),
    tf.layers.dot({ axes: 1 }).apply([a, b]),
    tf.layers.multiply().apply([pooled, b]),
  ] as tf.SymbolicTensor[]
  return { name: 'openAxes', built: { model: tf.model({ inputs: [a, b], outputs }), classNames: new Set() }, inputs }
}

function predicted(
  model: tf.LayersModel,
  data: readonly tf.Tensor[],
): readonly { data: ArrayLike<number>; shape: readonly number[] }[] | undefined {
  try {
    const outputs = [model.predict(data.length === 1 ? data[0]! : [...data])].flat()
    const values = outputs.map((output) => ({ data: output.dataSync().slice(), shape: output.shape }))
    tf.dispose(outputs)
    return values.every((value) => value.data.length > 0) ? values : undefined
  } catch {
    return undefined
  }
}

function exported(model: tf.LayersModel, opset: number): Uint8Array | undefined {
  try {
    return exportLayersModel(model, { opset, cuda: 'optional' })
  } catch (error) {
    if (error instanceof UnsupportedLayerError || error instanceof InvalidModelError) return undefined
    throw error
  }
}

function relativeDifference(actual: readonly number[], expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY
  const scale = Array.from(expected).reduce((max, value) => Math.max(max, Math.abs(value)), 1)
  return actual.reduce((worst, value, index) => {
    const difference = Math.abs(value - expected[index]!) / scale
    // NaN must not pass for a small difference.
    return Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(worst, difference)
  }, 0)
}
