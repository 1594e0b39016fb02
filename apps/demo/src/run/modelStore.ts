import * as tf from '@tensorflow/tfjs'
import { CorruptRunFileError } from '../errors.ts'
import { hashOf, type RunFolder } from './runFolder.ts'

const WEIGHTS = 'weights.bin'

/**
 * Writes a model in tfjs's layers format (`models/NAME/model.json` and `weights.bin`), which `tf.loadLayersModel` reads anywhere.
 *
 * @returns sha256 of both files, by which `loadModel` knows them again
 * @throws UnwritableFolderError
 */
export async function saveModel(folder: RunFolder, name: string, model: tf.LayersModel): Promise<string> {
  let files: ModelFiles | undefined
  await model.save(
    tf.io.withSaveHandler(async (artifacts) => {
      files = modelFiles(artifacts)
      return { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts) }
    }),
  )
  const { json, weights } = files!
  folder.writeBytes(`models/${name}/${WEIGHTS}`, weights)
  folder.writeBytes(`models/${name}/model.json`, json)
  return hashOf(json, weights)
}

/**
 * Reads a model that `saveModel` wrote; the layers of `@tfjs-bayes/layers` must be registered, which importing them does.
 *
 * @param sha256 what `saveModel` returned
 * @throws MissingRunFileError, CorruptRunFileError
 */
export async function loadModel(folder: RunFolder, name: string, sha256: string): Promise<tf.LayersModel> {
  const json = folder.readBytes(`models/${name}/model.json`, 'train')
  const weights = folder.readBytes(`models/${name}/${WEIGHTS}`, 'train')
  if (hashOf(json, weights) !== sha256)
    throw new CorruptRunFileError(
      `The files of models/${name} in ${folder.path} are not the ones that 'train' wrote: their checksum differs. Run the command 'train' again.`,
    )
  const { weightsManifest, ...artifacts } = JSON.parse(new TextDecoder().decode(json)) as tf.io.ModelJSON
  return tf.loadLayersModel(
    tf.io.fromMemory({
      ...artifacts,
      weightSpecs: weightsManifest.flatMap((group) => group.weights),
      weightData: new Uint8Array(weights).buffer,
    }),
  )
}

interface ModelFiles {
  readonly json: Uint8Array
  readonly weights: Uint8Array
}

function modelFiles(artifacts: tf.io.ModelArtifacts): ModelFiles {
  const model: tf.io.ModelJSON = {
    modelTopology: artifacts.modelTopology as object,
    format: 'layers-model',
    generatedBy: artifacts.generatedBy ?? 'TensorFlow.js',
    convertedBy: null,
    weightsManifest: [{ paths: [WEIGHTS], weights: artifacts.weightSpecs ?? [] }],
  }
  const data = artifacts.weightData ?? new ArrayBuffer(0)
  const weights = Array.isArray(data) ? Buffer.concat(data.map((part) => new Uint8Array(part))) : new Uint8Array(data)
  return { json: new TextEncoder().encode(JSON.stringify(model)), weights }
}
