import { randomBytes } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import type * as tf from '@tensorflow/tfjs'
import { FileAccessError } from './errors.ts'
import { exportModel } from './exportModel.ts'
import type { ExportOptions } from './exportOptions.ts'

/**
 * Writes a model as an ONNX file. A reader sees the old file or the whole new one, never a part: the bytes go to a temporary name in the
 * same folder, which is renamed at the end.
 *
 * @param model as for `exportModel`
 * @param path of the file; its folder must exist
 * @param options as for `exportModel`
 * @returns the number of bytes written
 * @throws FileAccessError where the file cannot be written, and whatever `exportModel` throws
 */
export async function exportModelToFile(model: tf.LayersModel, path: string, options: ExportOptions): Promise<number> {
  const bytes = exportModel(model, options)
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`
  try {
    const file = await open(temporary, 'wx')
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw new FileAccessError(
      `The ONNX file ${path} cannot be written: ${(error as Error).message}. Check that the folder exists, is writable and has ${bytes.length} bytes free.`,
    )
  }
  return bytes.length
}
