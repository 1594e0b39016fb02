import type * as tf from '@tensorflow/tfjs'
import { buildModel } from './buildModel.ts'
import type { ExportOptions } from './exportOptions.ts'
import { type FileOptions, writeModelFile } from './modelFile.ts'

/**
 * Writes a model as an ONNX file, or, on request and for weights beyond 2 GiB, as two. A reader sees the old model or the whole new one, never a part.
 *
 * @param model as for `exportModel`
 * @param path of the file; its folder must exist
 * @param options as for `exportModel`, and `externalData`
 * @returns the number of bytes written
 * @throws FileAccessError where the file cannot be written, and whatever `exportModel` throws
 */
export async function exportModelToFile(
  model: tf.LayersModel,
  path: string,
  options: ExportOptions & FileOptions,
): Promise<number> {
  return writeModelFile(buildModel(model, options), path, options)
}
