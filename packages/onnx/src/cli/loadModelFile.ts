import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { FileAccessError, InvalidModelError } from '../errors.ts'

interface ModelFile {
  readonly modelTopology: object
  readonly weightsManifest: readonly { readonly paths: readonly string[]; readonly weights: tf.io.WeightsManifestEntry[] }[]
}

/**
 * Loads a model that `model.save` wrote, on any backend: tfjs itself reads files with tfjs-node only.
 *
 * @param path of `model.json`; the weights lie beside it
 * @returns the model; the caller disposes it
 * @throws FileAccessError where a file is missing; InvalidModelError where it is no tfjs layers model
 */
export async function loadModelFile(path: string): Promise<tf.LayersModel> {
  const text = (await read(path)).toString('utf8')
  const { modelTopology, weightsManifest } = parse(path, text)
  const weightSpecs = weightsManifest.flatMap(({ weights }) => weights)
  const shards = await Promise.all(weightsManifest.flatMap(({ paths }) => paths).map((shard) => read(join(dirname(path), shard))))
  const weightData = Uint8Array.from(Buffer.concat(shards)).buffer
  try {
    return await tf.loadLayersModel({ load: () => Promise.resolve({ modelTopology, weightSpecs, weightData }) })
  } catch (error) {
    throw new InvalidModelError(
      `tfjs cannot load ${path}: ${(error as Error).message}. Is it a tf.LayersModel (a graph model is none), whole, and are its custom layers registered?`,
    )
  }
}

async function read(path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (error) {
    throw new FileAccessError(
      `The model file ${path} cannot be read: ${(error as Error).message}. Give the model.json that model.save wrote.`,
    )
  }
}

function parse(path: string, text: string): ModelFile {
  let json: Partial<ModelFile>
  try {
    json = JSON.parse(text) as Partial<ModelFile>
  } catch (error) {
    throw new InvalidModelError(`${path} is no JSON: ${(error as Error).message}. Give the model.json that model.save wrote.`)
  }
  if (json.modelTopology == null || !Array.isArray(json.weightsManifest)) {
    throw new InvalidModelError(`${path} has no modelTopology or no weightsManifest. Give the model.json that model.save wrote.`)
  }
  return json as ModelFile
}
