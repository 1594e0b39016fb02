import { readFileSync } from 'node:fs'
import * as tf from '@tensorflow/tfjs'
import { expect, test } from 'vitest'
import { exportLayersModel } from '../src/index.ts'
import { differenceOf, differenceTo } from './support/compare.ts'

interface Expected {
  readonly inputs: readonly TensorJson[]
  readonly outputs: readonly TensorJson[]
}

interface TensorJson {
  readonly shape: number[]
  readonly data: number[]
}

// test/fixtures/keras/kerasModels.py made them: Keras's models, written by its tfjs converter, with what Keras itself computes.
test.each(['convolutional', 'recurrent', 'nested'])('%s: Keras’s model, through tfjs, gives what Keras does', async (name) => {
  const folder = new URL(`./fixtures/keras/${name}/`, import.meta.url)
  const model = await loadModel(folder)
  const { inputs, outputs } = JSON.parse(readFileSync(new URL('expected.json', folder), 'utf8')) as Expected
  const tensors = inputs.map(({ data, shape }) => tf.tensor(data, shape))
  for (const cuda of ['required', 'optional'] as const) {
    const bytes = exportLayersModel(model, { cuda })
    expect(await differenceOf(model, bytes, tensors, ['node', 'web'])).toBeLessThan(1e-5)
    // Keras takes the pixels' centres where it upsamples bilinearly, tfjs their corners: there the file is with tfjs.
    const tolerance = name === 'convolutional' ? 1e-2 : 1e-5
    expect(await differenceTo(model, bytes, tensors, outputs, ['node'])).toBeLessThan(tolerance)
  }
  tf.dispose(tensors)
  model.dispose()
})

async function loadModel(folder: URL): Promise<tf.LayersModel> {
  const { modelTopology, weightsManifest } = JSON.parse(readFileSync(new URL('model.json', folder), 'utf8')) as {
    readonly modelTopology: object
    readonly weightsManifest: readonly { readonly paths: readonly string[]; readonly weights: tf.io.WeightsManifestEntry[] }[]
  }
  const parts = weightsManifest.flatMap(({ paths }) => paths.map((path) => readFileSync(new URL(path, folder))))
  return tf.loadLayersModel(
    tf.io.fromMemory({
      modelTopology,
      weightSpecs: weightsManifest.flatMap(({ weights }) => weights),
      weightData: new Uint8Array(Buffer.concat(parts)).buffer,
    }),
  )
}
