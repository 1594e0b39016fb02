import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  CorruptModelError,
  exportLayersModel,
  FileAccessError,
  ForeignModelError,
  InvalidInputError,
  InvalidOptionError,
} from '../src/index.ts'
import type { OutputTensor } from '../src/node.ts'
import { exportLayersModelToFile, loadModel } from '../src/node.ts'
import { loadModel as loadModelOnWeb } from '../src/web.ts'
import { decode } from '../src/wire/decode.ts'
import { encode } from '../src/wire/encode.ts'
import { normals } from './support/random.ts'
import { randomizeWeights } from './support/randomModel.ts'
import { maxDifference } from './support/reference.ts'

let model: tf.LayersModel
let bytes: Uint8Array
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tfjs-bayes-model-'))
  const steps = tf.input({ shape: [null, 3] as unknown as number[], name: 'steps' })
  const ids = tf.input({ shape: [2], dtype: 'int32', name: 'ids' })
  const memory = tf.layers.lstm({ units: 4 }).apply(steps) as tf.SymbolicTensor
  const kept = tf.layers.reshape({ targetShape: [2, 1], name: 'kept' }).apply(ids) as tf.SymbolicTensor
  const vectors = tf.layers.flatten().apply(tf.layers.embedding({ inputDim: 5, outputDim: 3 }).apply(ids)) as tf.SymbolicTensor
  const joined = tf.layers.dense({ units: 2, name: 'answer' }).apply(tf.layers.concatenate().apply([memory, vectors]))
  model = tf.model({ inputs: [steps, ids], outputs: [joined as tf.SymbolicTensor, kept] })
  randomizeWeights(model, 2)
  bytes = exportLayersModel(model)
})

afterAll(async () => {
  for (const weight of model.weights) weight.dispose()
  await rm(folder, { recursive: true })
})

const steps = { data: normals(2 * 4 * 3, 1), shape: [2, 4, 3] }
const ids = Int32Array.of(0, 4, 2, 2)

test.each([
  ['onnxruntime-node', () => loadModel(bytes, { providers: ['cpu'], threads: 1 })],
  ['onnxruntime-web', () => loadModelOnWeb(bytes, { providers: ['wasm'] })],
])('a model with several inputs and outputs runs on %s', async (_, load) => {
  const loaded = await load()
  expect(loaded.inputs).toEqual([
    { name: 'steps', elementType: 'float', shape: ['batch', 'steps_axis_1', 3] },
    { name: 'ids', elementType: 'int32', shape: ['batch', 2] },
  ])
  expect(loaded.outputs.map(({ name }) => name)).toEqual(['answer', 'kept'])
  const { answer, kept } = await loaded.run({ steps, ids })
  const expected = tf.tidy(() => {
    const [y] = model.predict([tf.tensor(steps.data, [2, 4, 3]), tf.tensor(ids, [2, 2], 'int32')]) as tf.Tensor[]
    return y!.dataSync()
  })
  expect(answer!.shape).toEqual([2, 2])
  expect(maxDifference(floats(answer), expected)).toBeLessThanOrEqual(1e-5)
  expect(kept).toEqual({ data: ids, shape: [2, 2, 1] })
  await loaded.dispose()
  await loaded.dispose()
  await expect(loaded.run({ steps, ids })).rejects.toThrow(/was disposed/)
})

test('a file is loaded by its path, with its weights beside it', async () => {
  const path = join(folder, 'model.onnx')
  const dense = tf.sequential({ layers: [tf.layers.dense({ units: 300, inputShape: [40] })] })
  await exportLayersModelToFile(dense, path, { externalData: true })
  const loaded = await loadModel(path, { providers: ['cpu'] })
  const x = normals(40, 3)
  const { y } = await loaded.run(x)
  const expected = tf.tidy(() => (dense.predict(tf.tensor(x, [1, 40])) as tf.Tensor).dataSync())
  expect(maxDifference(floats(y), expected)).toBeLessThan(1e-4)
  await loaded.dispose()
  dense.dispose()
})

describe('what does not fit is said before anything runs', () => {
  test('rows', async () => {
    const loaded = await loadModel(bytes, { providers: ['cpu'] })
    await expect(loaded.run({ steps } as never)).rejects.toThrow(/inputs steps, ids, and "ids" is missing/)
    await expect(loaded.run({ steps, ids: ids.subarray(2) })).rejects.toThrow(/"ids" has 1 rows, "steps" has 2/)
    await expect(loaded.run({ steps: steps.data, ids })).rejects.toThrow(/flat array does not tell the sizes/)
    await expect(loaded.run({ steps, ids: Float32Array.from(ids) })).rejects.toThrow(
      /"ids" is a Float32Array; expected a Int32Array/,
    )
    await expect(loaded.run({ steps, ids: Int32Array.of(0, 1, 2, 99) })).rejects.toThrow(InvalidInputError)
    await loaded.dispose()
  })

  test('files and options', async () => {
    await expect(loadModel(join(folder, 'none.onnx'))).rejects.toThrow(FileAccessError)
    await expect(loadModel(bytes.subarray(0, 50))).rejects.toThrow(CorruptModelError)
    await expect(loadModel(bytes, { threads: 0 })).rejects.toThrow(InvalidOptionError)
    const message = decode(bytes)
    const [first, ...rest] = message.graph!.input!
    const double = { ...first, type: { tensorType: { ...first!.type!.tensorType, elemType: 11 } } }
    const strange = encode({ ...message, graph: { ...message.graph, input: [double, ...rest] } })
    await expect(loadModel(strange)).rejects.toThrow(ForeignModelError)
    await expect(loadModel(strange)).rejects.toThrow(/input "steps" is double\[batch, steps_axis_1, 3\]/)
  })
})

function floats(output: OutputTensor | undefined): Float32Array {
  expect(output?.data).toBeInstanceOf(Float32Array)
  return output!.data as Float32Array
}
