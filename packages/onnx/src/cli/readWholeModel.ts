import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { OnnxModel } from '../ir/graph.ts'
import { pathWithData } from '../pathWithData.ts'
import { readModelBytes } from '../readModelBytes.ts'
import { decode } from '../wire/decode.ts'
import { dataFilesOf, joinModel } from '../wire/externalData.ts'
import { fromMessage } from '../wire/fromMessage.ts'

/** A model and how many bytes its files have. */
export interface WholeModel {
  readonly model: OnnxModel
  readonly bytes: number
}

/**
 * Reads a model, with the weights that are in a file beside it.
 *
 * @param path of the model
 * @throws FileAccessError where a file cannot be read; CorruptModelError where one is damaged
 */
export async function readWholeModel(path: string): Promise<WholeModel> {
  const bytes = await readModelBytes(path)
  const message = decode(bytes)
  const names = dataFilesOf(message)
  await pathWithData(path, names)
  const files = await Promise.all(names.map(async (name) => [name, await readFile(join(dirname(path), name))] as const))
  return {
    model: fromMessage(joinModel(message, new Map(files))),
    bytes: files.reduce((total, [, data]) => total + data.length, bytes.length),
  }
}
