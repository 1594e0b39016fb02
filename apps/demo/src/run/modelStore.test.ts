import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { expectNoLeak } from '@tfjs-bayes/testing'
import { afterAll, expect, test } from 'vitest'
import { buildModel } from '../buildModel.ts'
import { CONTESTANTS } from '../contestants.ts'
import { CorruptRunFileError, MissingRunFileError } from '../errors.ts'
import { loadModel, saveModel } from './modelStore.ts'
import { RunFolder } from './runFolder.ts'

const path = mkdtempSync(join(tmpdir(), 'models-'))
const folder = new RunFolder(path)
afterAll(() => rmSync(path, { recursive: true }))

const weightsOf = (model: tf.LayersModel): number[][] => model.getWeights().map((weight) => [...weight.dataSync()])

test.each(CONTESTANTS)('$name comes back with the same weights and configuration', async (contestant) => {
  await expectNoLeak(async () => {
    const model = buildModel(contestant, { hidden: 5, seed: 1 })
    const sha256 = await saveModel(folder, contestant.name, model)
    const loaded = await loadModel(folder, contestant.name, sha256)
    expect(weightsOf(loaded)).toEqual(weightsOf(model))
    expect(loaded.layers.map((layer) => layer.getConfig())).toEqual(model.layers.map((layer) => layer.getConfig()))
    model.dispose()
    loaded.dispose()
  })
})

test('the files are tfjs’s own format', async () => {
  const model = buildModel(CONTESTANTS[3]!, { hidden: 5, seed: 1 })
  await saveModel(folder, 'plain', model)
  const json = JSON.parse(readFileSync(join(path, 'models/plain/model.json'), 'utf8')) as tf.io.ModelJSON
  expect(json.format).toBe('layers-model')
  expect(json.weightsManifest[0]!.paths).toEqual(['weights.bin'])
  const bytes = json.weightsManifest[0]!.weights.reduce((sum, { shape }) => sum + 4 * tf.util.sizeFromShape(shape), 0)
  expect(readFileSync(join(path, 'models/plain/weights.bin'))).toHaveLength(bytes)
  model.dispose()
})

test('altered, truncated and missing files are named', async () => {
  const model = buildModel(CONTESTANTS[2]!, { hidden: 5, seed: 1 })
  const sha256 = await saveModel(folder, 'altered', model)
  model.dispose()
  const file = join(path, 'models/altered/weights.bin')
  const bytes = readFileSync(file)
  for (const damaged of [bytes.subarray(0, 100), bytes.map((byte, i) => (i === 7 ? byte ^ 1 : byte))]) {
    writeFileSync(file, damaged)
    await expect(loadModel(folder, 'altered', sha256)).rejects.toThrow(CorruptRunFileError)
    await expect(loadModel(folder, 'altered', sha256)).rejects.toThrow(
      /models\/altered .*checksum differs. Run the command 'train' again/,
    )
  }
  rmSync(file)
  await expect(loadModel(folder, 'altered', sha256)).rejects.toThrow(MissingRunFileError)
})
