import { CorruptModelError } from '../errors.ts'
import type { Dimension, ElementType } from '../ir/value.ts'
import { type ModelMetadata, readMetadata } from '../metadata.ts'
import { decode } from '../wire/decode.ts'
import { elementTypeOf } from '../wire/elementTypes.ts'
import { dataFilesOf } from '../wire/externalData.ts'
import type { Message } from '../wire/schema.ts'

/** An input or output of the graph as its file declares it. */
export interface DeclaredTensor {
  readonly name: string
  readonly elementType: ElementType
  readonly shape: readonly Dimension[]
}

/** What any ONNX file says of itself. */
export interface GraphSignature {
  readonly inputs: readonly DeclaredTensor[]
  readonly outputs: readonly DeclaredTensor[]
  /** Files beside this one in which weights are: none, unless it was written with external data. */
  readonly dataFiles: readonly string[]
  /** Key-value pairs: what `readMetadata` reads, where the file is of `exportModel`. */
  readonly metadata: Readonly<Record<string, string>>
}

/**
 * Reads what a file says of its graph.
 *
 * @param bytes a whole file
 * @throws CorruptModelError where it is damaged
 */
export function readGraphSignature(bytes: Uint8Array): GraphSignature {
  const message = decode(bytes)
  // Until IR version 4 initializers were inputs too.
  const stored = new Set((message.graph?.initializer ?? []).map(({ name }) => name))
  return {
    inputs: (message.graph?.input ?? []).filter(({ name }) => !stored.has(name)).map(declaredTensor),
    outputs: (message.graph?.output ?? []).map(declaredTensor),
    dataFiles: dataFilesOf(message),
    metadata: Object.fromEntries((message.metadataProps ?? []).map(({ key = '', value = '' }) => [key, value])),
  }
}

/** What a file of `exportModel` says of itself: enough to check every argument before the graph runs. */
export interface ModelSignature {
  readonly metadata: ModelMetadata
  /** Rows: the model's own inputs. */
  readonly rows: readonly DeclaredTensor[]
  /** Noise tensors, in order. */
  readonly noise: readonly DeclaredTensor[]
  readonly outputs: readonly DeclaredTensor[]
  /** Files beside this one in which weights are: none, unless it was written with external data. */
  readonly dataFiles: readonly string[]
}

/**
 * Reads the signature of a file.
 *
 * @param bytes a whole file
 * @returns its inputs, outputs and metadata
 * @throws CorruptModelError where it is damaged; ForeignModelError where it is of another program
 */
export function readSignature(bytes: Uint8Array): ModelSignature {
  const { inputs, outputs, dataFiles, metadata: entries } = readGraphSignature(bytes)
  const metadata = readMetadata(entries)
  const isNoise = ({ name }: DeclaredTensor): boolean => metadata.noise === 'input' && /^noise_\d+$/.test(name)
  return {
    metadata,
    rows: inputs.filter((input) => !isNoise(input) && !(input.name === 'samples' && metadata.samples === 'input')),
    noise: inputs.filter(isNoise),
    outputs,
    dataFiles,
  }
}

function declaredTensor({ name = '', type }: Message<'ValueInfoProto'>): DeclaredTensor {
  const elementType = elementTypeOf(type?.tensorType?.elemType)
  const dims = type?.tensorType?.shape?.dim
  if (elementType == null || dims == null)
    throw new CorruptModelError(
      `The ONNX file's input or output ${JSON.stringify(name)} has no type or no shape. Export the model again.`,
    )
  return { name, elementType, shape: dims.map(({ dimParam, dimValue = 0n }) => dimParam ?? Number(dimValue)) }
}
