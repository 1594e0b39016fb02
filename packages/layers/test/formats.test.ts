import { readFileSync, writeFileSync } from 'node:fs'
import * as tf from '@tensorflow/tfjs'
import { expectTensorsClose } from '@tfjs-bayes/testing'
import { describe, expect, test } from 'vitest'
import { ForwardPass, givenNoise, UnsupportedFormatError } from '../src/index.ts'
import { type SavedModel, savedModel } from './fixtures/savedModel.ts'
import { tensorOf } from './values.ts'

/**
 * `fixtures/formatN.json` is what `fixtures/savedModel.ts` gave when format N was the one written: format 1 at commit c715965, before priors could be trained,
 * format 2 since. For a new format, run this test with TFJS_BAYES_WRITE_FORMAT=1: it writes the file.
 */
const FORMATS = [1, 2]
const current = FORMATS.at(-1)!

const fileOf = (version: unknown): URL => new URL(`./fixtures/format${version}.json`, import.meta.url)

function read(version: number): SavedModel {
  return JSON.parse(readFileSync(fileOf(version), 'utf8')) as SavedModel
}

if (process.env['TFJS_BAYES_WRITE_FORMAT'] !== undefined) {
  const saved = await savedModel()
  writeFileSync(fileOf(saved.formatVersion), `${JSON.stringify(saved)}\n`)
}

function load({ modelTopology, weightSpecs, weightData }: SavedModel): Promise<tf.LayersModel> {
  const bytes = Uint8Array.from(Buffer.from(weightData, 'base64'))
  return tf.loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs, weightData: bytes.buffer }))
}

describe.each(FORMATS)('a model saved in format %i', (version) => {
  test('is read, and gives the predictions, the draw and the KL that it gave then', async () => {
    const saved = read(version)
    expect(saved.formatVersion).toBe(version)
    const model = await load(saved)
    tf.tidy(() => {
      const x = tensorOf(saved.x)
      expectTensorsClose(model.predict(x) as tf.Tensor, tensorOf(saved.mean), { absolute: 1e-5 })
      const pass = new ForwardPass({ mode: 'sample', noise: givenNoise(saved.noise.map(tensorOf)) })
      expectTensorsClose(model.apply(x, { pass }) as tf.Tensor, tensorOf(saved.draw), { absolute: 1e-5 })
      expectTensorsClose(pass.kl(), tensorOf(saved.kl), { relative: 1e-5 })
    })
    model.dispose()
  })
})

test('what is written now is the latest format: another config needs another version', async () => {
  const [now, file] = [await savedModel(), read(current)]
  expect(now.formatVersion).toBe(current)
  expect(now.modelTopology).toEqual(file.modelTopology)
  expect(now.weightSpecs).toEqual(file.weightSpecs)
})

test('a model saved in a format of the future is refused, by the layer and the format', async () => {
  const saved = read(current)
  const later = JSON.parse(
    JSON.stringify(saved).replaceAll(`"format_version":${current}`, `"format_version":${current + 1}`),
  ) as SavedModel
  expect(later).not.toEqual(saved)
  await expect(load(later)).rejects.toThrow(UnsupportedFormatError)
  await expect(load(later)).rejects.toThrow(/Layer "convolution" was saved in a format .*got 3, expected formatVersion 1 or 2/)
})
