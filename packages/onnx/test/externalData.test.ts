import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import * as tf from '@tensorflow/tfjs'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  buildLayersModel,
  CorruptModelError,
  decodeModel,
  FileAccessError,
  InvalidModelError,
  ModelTooLargeError,
} from '../src/index.ts'
import { writeModelFile } from '../src/modelFile.ts'
import { exportLayersModelToFile, exportModelToFile, loadModel, loadPredictor, tritonConfig } from '../src/node.ts'
import { loadPredictor as loadPredictorOnTheWeb } from '../src/web.ts'
import { decode } from '../src/wire/decode.ts'
import { encode } from '../src/wire/encode.ts'
import { normals } from './support/random.ts'
import { maxDifference } from './support/reference.ts'

let folder: string
let model: tf.Sequential

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tfjs-bayes-external-'))
  model = tf.sequential({
    layers: [tf.layers.dense({ units: 64, inputShape: [16], activation: 'relu' }), tf.layers.dense({ units: 32 })],
  })
})

afterAll(async () => {
  model.dispose()
  await rm(folder, { recursive: true })
})

test('onnxruntime finds the weights in the file beside the model', async () => {
  const path = join(folder, 'net.onnx')
  const size = await exportLayersModelToFile(model, path, { externalData: true })
  const [data, file] = (await readdir(folder)).sort()
  expect(file).toBe('net.onnx')
  expect(data).toMatch(/^net\.[0-9a-f]{16}\.data$/)
  const lengths = [await readFile(path), await readFile(join(folder, data!))].map(({ length }) => length)
  expect(size).toBe(lengths[0]! + lengths[1]!)
  expect(lengths[1]).toBeGreaterThanOrEqual(4 * (16 * 64 + 64 * 32))
  const x = tf.randomNormal([3, 16], 0, 1, 'float32', 5)
  const expected = model.predict(x) as tf.Tensor
  const session = await InferenceSession.create(path)
  const { y } = await session.run({ x: new Tensor('float32', x.dataSync<'float32'>(), [3, 16]) })
  expect(maxDifference(y!.data as Float32Array, expected.dataSync())).toBeLessThan(1e-5)
  await session.release()
  tf.dispose([x, expected])
})

test('the same model gives the same files, and another model’s data does not stay behind', async () => {
  const path = join(folder, 'again.onnx')
  const dataOf = async (): Promise<string[]> => (await readdir(folder)).filter((name) => /^again\..*\.data$/.test(name))
  await writeFile(join(folder, 'again.notes.data'), 'not ours')
  await exportLayersModelToFile(model, path, { externalData: true })
  const first = [await dataOf(), await readFile(path)]
  await exportLayersModelToFile(model, path, { externalData: true })
  expect([await dataOf(), await readFile(path)]).toEqual(first)
  const other = tf.sequential({ layers: [tf.layers.dense({ units: 300, inputShape: [8] })] })
  await exportModelToFile(other, path, { mode: 'mean', externalData: true })
  const second = await dataOf()
  expect(second).toHaveLength(2)
  expect(second).not.toEqual(first[0])
  await exportModelToFile(other, path, { mode: 'mean' })
  expect(await dataOf()).toEqual(['again.notes.data'])
  other.dispose()
})

describe('a predictor', () => {
  const path = (name: string): string => join(folder, name)
  const options = { mode: 'mean' } as const
  const x = normals(5 * 16, 3)

  test('finds the weights beside the file, by path and by URL, and answers as with one file', async () => {
    await exportModelToFile(model, path('whole.onnx'), options)
    await exportModelToFile(model, path('parts.onnx'), { ...options, externalData: true })
    const [whole, ...parts] = await Promise.all(
      [path('whole.onnx'), path('parts.onnx'), pathToFileURL(path('parts.onnx'))].map(async (source) => {
        const predictor = await loadPredictor(source, { providers: ['cpu'], threads: 1 })
        const prediction = await predictor.predict(x)
        await predictor.dispose()
        return prediction
      }),
    )
    for (const part of parts) expect(part).toEqual(whole)
  })

  test('says what is missing, and opens no file of another folder', async () => {
    await exportModelToFile(model, path('lost.onnx'), { ...options, externalData: true })
    const bytes = new Uint8Array(await readFile(path('lost.onnx')))
    for (const load of [loadPredictor, loadPredictorOnTheWeb] as readonly ((bytes: Uint8Array) => Promise<unknown>)[]) {
      await expect(load(bytes)).rejects.toThrow(CorruptModelError)
      await expect(load(bytes)).rejects.toThrow(/in a file beside it, lost\.[0-9a-f]+\.data, .*Give its path to loadPredictor/)
    }
    expect(() => tritonConfig(bytes, 'lost')).toThrow(InvalidModelError)
    const data = (await readdir(folder)).find((name) => /^lost\..*\.data$/.test(name))!
    await truncate(path(data), 5000)
    await expect(loadPredictor(path('lost.onnx'))).rejects.toThrow(CorruptModelError)
    await rm(path(data))
    await expect(loadPredictor(path('lost.onnx'))).rejects.toThrow(FileAccessError)
    await expect(loadPredictor(path('lost.onnx'))).rejects.toThrow(/second file, lost\.[0-9a-f]+\.data, which cannot be read/)

    const message = decode(bytes)
    for (const location of ['../secret', '/etc/hostname', '..', 'a\\b', '']) {
      const initializer = message.graph!.initializer!.map((tensor) => ({
        ...tensor,
        ...(tensor.externalData == null ? {} : { externalData: [{ key: 'location', value: location }] }),
      }))
      await writeFile(path('astray.onnx'), encode({ ...message, graph: { ...message.graph, initializer } }))
      await expect(loadPredictor(path('astray.onnx'))).rejects.toThrow(/expected the name of a file in the same folder/)
    }
  })
})

test('weights that one file cannot hold go into a second one by themselves', async () => {
  const own = await mkdtemp(join(folder, 'limit-'))
  const path = join(own, 'net.onnx')
  const built = buildLayersModel(model)
  const weights = 4 * (16 * 64 + 64 + 64 * 32 + 32)
  await writeModelFile(built, path, {}, weights + 1)
  expect(await readdir(own)).toEqual(['net.onnx'])
  const whole = await loadModel(path, { providers: ['cpu'] })
  await writeModelFile(built, path, {}, weights)
  const [data, ...others] = (await readdir(own)).sort()
  expect(others).toEqual(['net.onnx'])
  const hash = createHash('sha256').update(await readFile(join(own, data!)))
  expect(data).toBe(`net.${hash.digest('hex').slice(0, 16)}.data`)
  const parts = await loadModel(path, { providers: ['cpu'] })
  const x = normals(2 * 16, 6)
  expect(await parts.run(x)).toEqual(await whole.run(x))
  for (const loaded of [whole, parts]) await loaded.dispose()
})

test('what one file cannot hold, and what bytes alone cannot tell', async () => {
  const huge = { length: 2 ** 31 } as Uint8Array
  const tensor = { name: 'w', rawData: huge }
  expect(() => encode({ graph: { initializer: [tensor] } })).toThrow(ModelTooLargeError)
  const path = join(folder, 'apart.onnx')
  await exportLayersModelToFile(model, path, { externalData: true })
  const bytes = new Uint8Array(await readFile(path))
  expect(() => decodeModel(bytes)).toThrow(CorruptModelError)
  expect(() => decodeModel(bytes)).toThrow(/"dense_1\/kernel" among them, are in a file beside it/)
  await expect(exportLayersModelToFile(model, join(folder, 'no', 'net.onnx'), { externalData: true })).rejects.toThrow(
    FileAccessError,
  )
})
