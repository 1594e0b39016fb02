import { readFile } from 'node:fs/promises'
import { FileAccessError } from './errors.ts'

/**
 * Reads a whole ONNX file.
 *
 * @throws FileAccessError where it cannot be read
 */
export async function readModelBytes(path: string | URL): Promise<Uint8Array> {
  try {
    return await readFile(path)
  } catch (error) {
    throw new FileAccessError(
      `The ONNX file ${path} cannot be read: ${(error as Error).message}. Check the path, or export the model first.`,
    )
  }
}
