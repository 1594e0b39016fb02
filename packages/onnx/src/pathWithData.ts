import { access } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CorruptModelError, FileAccessError } from './errors.ts'

/**
 * The path of a model whose weights are in files beside it, once these are there: onnxruntime opens them by itself.
 *
 * @param source path or URL of the model
 * @param dataFiles the files as the model names them
 * @returns the path
 * @throws CorruptModelError where it names a file of another folder, which exported models never do; FileAccessError where one is missing
 */
export async function pathWithData(source: string | URL, dataFiles: readonly string[]): Promise<string> {
  const path = source instanceof URL ? fileURLToPath(source) : source
  for (const name of dataFiles) {
    if (name === '' || name === '..' || name === '.' || basename(name) !== name || name.includes('\\')) {
      throw new CorruptModelError(
        `The ONNX file ${path} has its weights in ${JSON.stringify(name)}; expected the name of a file in the same folder. It was altered, or written by another program.`,
      )
    }
    try {
      await access(join(dirname(path), name))
    } catch (error) {
      throw new FileAccessError(
        `The ONNX file ${path} has its weights in a second file, ${name}, which cannot be read: ${(error as Error).message}. Both files belong together: copy both into one folder, or export without externalData.`,
      )
    }
  }
  return path
}
