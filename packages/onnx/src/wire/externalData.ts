import { CorruptModelError } from '../errors.ts'
import type { Message } from './schema.ts'

/** Smaller tensors stay in the model: a file beside it gains nothing from them. */
const SMALLEST = 1024
/** Where a tensor begins in the file beside it, so that it can be mapped into memory as it is. */
const ALIGNMENT = 4096
/** TensorProto.DataLocation: EXTERNAL. */
const EXTERNAL = 1

/** A model without its large tensors, and these. */
export interface SplitModel {
  readonly model: Message<'ModelProto'>
  /** The pieces of the file beside the model, in order. */
  readonly data: readonly Uint8Array[]
}

/**
 * Brings the tensors of files beside a model back into it: the inverse of `splitModel`.
 *
 * @param message a model
 * @param files their bytes, by the names that the model gives them
 * @returns the whole model; its tensors share memory with the files
 * @throws CorruptModelError where a tensor lies outside its file
 */
export function joinModel(message: Message<'ModelProto'>, files: ReadonlyMap<string, Uint8Array>): Message<'ModelProto'> {
  const initializer = (message.graph?.initializer ?? []).map((tensor): Message<'TensorProto'> => {
    const { externalData, dataLocation, ...rest } = tensor
    if (dataLocation !== EXTERNAL) return tensor
    const entry = (name: string): string | undefined => externalData?.find(({ key }) => key === name)?.value
    const file = files.get(entry('location') ?? '') ?? new Uint8Array()
    const start = Number(entry('offset') ?? 0)
    const length = Number(entry('length') ?? file.length - start)
    if (!(Number.isInteger(start) && Number.isInteger(length) && start >= 0 && length >= 0 && start + length <= file.length)) {
      throw new CorruptModelError(
        `The tensor ${JSON.stringify(tensor.name ?? '')} has ${length} bytes from ${start} on in ${entry('location')}, which has ${file.length}. The two files do not belong together, or the second is cut off.`,
      )
    }
    return { ...rest, rawData: file.subarray(start, start + length) }
  })
  return { ...message, graph: { ...message.graph, initializer } }
}

/** How many bytes the tensors of a model have. */
export function tensorBytesOf({ graph }: Message<'ModelProto'>): number {
  return (graph?.initializer ?? []).reduce((total, { rawData }) => total + (rawData?.length ?? 0), 0)
}

/** The files beside a model that its tensors are in, as it names them, each once. */
export function dataFilesOf({ graph }: Message<'ModelProto'>): readonly string[] {
  const apart = (graph?.initializer ?? []).filter(({ dataLocation }) => dataLocation === EXTERNAL)
  return [...new Set(apart.map(({ externalData }) => externalData?.find(({ key }) => key === 'location')?.value ?? ''))]
}

/**
 * Moves the large tensors of a model into a file beside it.
 *
 * @param message a model whose tensors are raw bytes
 * @param location the name that the model gives the file: a path from the model's folder
 */
export function splitModel(message: Message<'ModelProto'>, location: string): SplitModel {
  const data: Uint8Array[] = []
  let offset = 0
  const initializer = (message.graph?.initializer ?? []).map((tensor): Message<'TensorProto'> => {
    const { rawData, ...rest } = tensor
    if (rawData == null || rawData.length < SMALLEST) return tensor
    const padding = -offset & (ALIGNMENT - 1)
    if (padding > 0) data.push(new Uint8Array(padding))
    const start = offset + padding
    data.push(rawData)
    offset = start + rawData.length
    const entries = { location, offset: String(start), length: String(rawData.length) }
    return { ...rest, externalData: Object.entries(entries).map(([key, value]) => ({ key, value })), dataLocation: EXTERNAL }
  })
  return { model: { ...message, graph: { ...message.graph, initializer } }, data }
}
