import { ProtobufWriter } from './protobufWriter.ts'

/** What TensorFlow keeps in `TensorProto`: element type, shape and values (bytes per element for strings). */
export interface TensorValue {
  readonly dtype: number
  readonly shape: readonly number[]
  readonly values: Float32Array | Int32Array | Uint8Array | readonly Uint8Array[]
}

/** One attribute of a node, typed as TensorFlow's `AttrValue` is. */
export type GraphAttribute = { readonly name: string } & (
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'integer' | 'float' | 'type'; readonly value: number }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'integers' | 'floats' | 'shape'; readonly value: readonly number[] }
  | { readonly kind: 'booleans'; readonly value: readonly boolean[] }
  | { readonly kind: 'tensor'; readonly value: TensorValue }
)

/** One node of a graph. An input is `name`, `name:output` or, for control, `^name`. */
export interface GraphNode {
  readonly name: string
  readonly op: string
  readonly inputs: readonly string[]
  readonly attributes: readonly GraphAttribute[]
}

/** TensorFlow's numbers for element types (tensorflow/core/framework/types.proto). */
export const DT_FLOAT = 1
export const DT_INT32 = 3
export const DT_STRING = 7
export const DT_COMPLEX64 = 8
export const DT_BOOL = 10
export const DT_RESOURCE = 20
export const DT_VARIANT = 21

/**
 * The GraphDef version that the file claims. Every release since 2.0 reads it, and the ops are spelt as they were then; a newer one would
 * forbid ops that TensorFlow has deprecated for new graphs but still runs eagerly.
 */
const PRODUCER = 440

/** Encodes a `NodeDef`. */
export function encodeNode(node: GraphNode): Uint8Array {
  const writer = new ProtobufWriter()
  writer.string(1, node.name)
  writer.string(2, node.op)
  for (const input of node.inputs) writer.string(3, input)
  for (const attribute of node.attributes) {
    writer.message(5, (entry) => {
      entry.string(1, attribute.name)
      entry.message(2, (value) => writeAttribute(value, attribute))
    })
  }
  return writer.finish()
}

/** Encodes a `GraphDef` from encoded nodes. */
export function encodeGraph(nodes: readonly Uint8Array[]): Uint8Array {
  const writer = new ProtobufWriter()
  for (const node of nodes) writer.bytes(1, node)
  writer.message(4, (versions) => versions.integer(1, PRODUCER))
  return writer.finish()
}

/** Encodes a `SavedModel` that holds one graph under a tag, without variables and signatures. */
export function encodeSavedModel(graphDef: Uint8Array, tag: string): Uint8Array {
  const writer = new ProtobufWriter()
  writer.integer(1, 1)
  writer.message(2, (metaGraph) => {
    metaGraph.message(1, (info) => info.string(4, tag))
    metaGraph.bytes(2, graphDef)
  })
  return writer.finish()
}

function writeAttribute(writer: ProtobufWriter, attribute: GraphAttribute): void {
  const { kind, value } = attribute
  if (kind === 'string') writer.string(2, value)
  else if (kind === 'integer') writer.integer(3, value)
  else if (kind === 'float') writer.float(4, value)
  else if (kind === 'boolean') writer.integer(5, value ? 1 : 0)
  else if (kind === 'type') writer.integer(6, value)
  else if (kind === 'shape') writer.message(7, (shape) => writeShape(shape, value))
  else if (kind === 'tensor') writer.message(8, (tensor) => writeTensor(tensor, value))
  else if (kind === 'integers') writer.message(1, (list) => list.packedIntegers(3, value))
  else if (kind === 'floats') writer.message(1, (list) => list.packedFloats(4, value))
  else if (kind === 'booleans') writer.message(1, (list) => list.packedIntegers(5, value.map(Number)))
}

function writeShape(writer: ProtobufWriter, shape: readonly number[]): void {
  for (const size of shape) writer.message(2, (dimension) => dimension.integer(1, size))
}

function writeTensor(writer: ProtobufWriter, tensor: TensorValue): void {
  const { dtype, shape, values } = tensor
  writer.integer(1, dtype)
  writer.message(2, (inner) => writeShape(inner, shape))
  if (!ArrayBuffer.isView(values)) {
    for (const text of values) writer.bytes(8, text)
  } else if (values.length > 1 && values.every((value) => Object.is(value, values[0]))) {
    // TensorFlow repeats the last value up to the shape's size: tf.ones in a gradient costs one number, not the whole tensor.
    if (values instanceof Float32Array) writer.packedFloats(5, [values[0]!])
    else writer.packedIntegers(dtype === DT_BOOL ? 11 : 7, [values[0]!])
  } else {
    writer.bytes(4, new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
  }
}
