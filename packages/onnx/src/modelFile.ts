import { createHash } from 'node:crypto'
import { readdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { FileAccessError, OnnxError } from './errors.ts'
import type { OnnxModel } from './ir/graph.ts'
import { encode, encodePieces, LARGEST_MESSAGE } from './wire/encode.ts'
import { splitModel, tensorBytesOf } from './wire/externalData.ts'
import { toMessage } from './wire/toMessage.ts'
import { writeFileAtomically } from './writeFileAtomically.ts'

/** How a model becomes a file. */
export interface FileOptions {
  /**
   * Whether weights of 1 KiB and more go into a second file beside the model, named after it and its content (`model.3f9a….data`): both files belong together. By
   * itself where they have more than 2 GiB, which one file cannot hold. Default false.
   */
  readonly externalData?: boolean
}

/**
 * Writes a model. A reader sees the old model or the whole new one, never a part: files are renamed from temporary names, the second one, whose name no older
 * model refers to unless it is the same, before the model. Second files of older models under the same path are removed then.
 *
 * @param path of the file; its folder must exist
 * @param limit from how many bytes of weights on one file cannot hold them; default: what protobuf sets
 * @returns the number of bytes written, of both files
 * @throws FileAccessError where a file cannot be written
 */
export async function writeModelFile(
  model: OnnxModel,
  path: string,
  { externalData = false }: FileOptions,
  limit: number = LARGEST_MESSAGE - ROOM,
): Promise<number> {
  const message = toMessage(model)
  const bytes = tensorBytesOf(message)
  try {
    if (!externalData && bytes < limit) {
      const pieces = encodePieces(message)
      await writeFileAtomically(path, pieces)
      await removeOldData(path, undefined)
      return lengthOf(pieces)
    }
    const stem = basename(path).replace(/\.onnx$/, '')
    const { data } = splitModel(message, '')
    const location = `${stem}.${hashOf(data)}.data`
    const file = encode(splitModel(message, location).model)
    await writeFileAtomically(join(dirname(path), location), data)
    await writeFileAtomically(path, [file])
    await removeOldData(path, location)
    return file.length + lengthOf(data)
  } catch (error) {
    if (error instanceof OnnxError) throw error
    throw new FileAccessError(
      `The ONNX file ${path} cannot be written: ${(error as Error).message}. Check that the folder exists, is writable and has ${bytes} bytes free.`,
    )
  }
}

function hashOf(pieces: readonly Uint8Array[]): string {
  const hash = createHash('sha256')
  for (const piece of pieces)
    for (let from = 0; from < piece.length; from += HASHED_AT_ONCE) hash.update(piece.subarray(from, from + HASHED_AT_ONCE))
  return hash.digest('hex').slice(0, HASH_LENGTH)
}

function lengthOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((total, piece) => total + piece.length, 0)
}

const HASH_LENGTH = 16
/** Node's hash takes less than 2 GiB at once, which one tensor may have. */
const HASHED_AT_ONCE = 2 ** 26
/** For all that is in a file beside the weights. */
const ROOM = 2 ** 26

async function removeOldData(path: string, current: string | undefined): Promise<void> {
  const stem = basename(path).replace(/\.onnx$/, '')
  const isData = (name: string): boolean =>
    name.startsWith(`${stem}.`) && new RegExp(`^\\.[0-9a-f]{${HASH_LENGTH}}\\.data$`).test(name.slice(stem.length))
  const names = await readdir(dirname(path))
  await Promise.all(
    names.filter((name) => isData(name) && name !== current).map((name) => rm(join(dirname(path), name), { force: true })),
  )
}
