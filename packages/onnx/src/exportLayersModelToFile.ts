import type * as tf from '@tensorflow/tfjs'
import { buildLayersModel } from './buildLayersModel.ts'
import { InvalidOptionError } from './errors.ts'
import type { GraphOptions } from './graphOptions.ts'
import { type FileOptions, writeModelFile } from './modelFile.ts'

/**
 * Writes any tfjs layers model as an ONNX file, or, on request and for weights beyond 2 GiB, as two. A reader sees the old model or the whole new one, never a
 * part.
 *
 * @param model as for `exportLayersModel`
 * @param path of the file; its folder must exist
 * @param options as for `exportLayersModel`, and `externalData`
 * @returns the number of bytes written
 * @throws FileAccessError where the file cannot be written, and whatever `exportLayersModel` throws
 */
export async function exportLayersModelToFile(
  model: tf.LayersModel,
  path: string,
  options: GraphOptions & FileOptions = {},
): Promise<number> {
  const { externalData = false, ...graph } = options
  if (typeof externalData !== 'boolean')
    throw new InvalidOptionError(`externalData is ${JSON.stringify(externalData)}. Expected true or false.`)
  return writeModelFile(buildLayersModel(model, graph), path, { externalData })
}
