import { ProtobufWriter } from './protobufWriter.ts'

/** What TensorFlow keeps in `TensorProto`: element type, shape and values (bytes per element for strings). */
export interface TensorValue {
  readonly dtype: number
  readonly shape: readonly number[]
  readonly values: Float32Array | Int32Array | Uint8Array | readonly Uint8Array[]
}

/** One attribute of a node, typed as TensorFlow's `AttrValue` is. */
export type GraphAttribute = { readonly name: string } & (
  | { readonly kind: 'string'; readonly value: string | Uint8Array }
  | { readonly kind: 'integer' | 'float' | 'type'; readonly value: number }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'integers' | 'floats' | 'types' | 'shape'; readonly value: readonly number[] }
  | { readonly kind: 'booleans'; readonly value: readonly boolean[] }
  | { readonly kind: 'function'; readonly value: string }
  | { readonly kind: 'tensor'; readonly value: TensorValue }
)

/** One node. In a graph an input is `name` or `name:index`; in a function it is an argument’s name or `name:output:index`. `^name` runs before it. */
export interface GraphNode {
  readonly name: string
  readonly op: string
  readonly inputs: readonly string[]
  readonly attributes: readonly GraphAttribute[]
}

/** A function of a graph's library. */
export interface GraphFunction {
  readonly name: string
  readonly inputs: readonly { readonly name: string; readonly dtype: number }[]
  readonly outputs: readonly { readonly name: string; readonly dtype: number; readonly source: string }[]
  /** The body's nodes, encoded. */
  readonly nodes: readonly Uint8Array[]
  /** Names of boolean attributes that are true. */
  readonly flags: readonly string[]
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
 * The GraphDef version that the file claims, that of a release of 2020. TensorFlow reads graphs of any age, and refuses in an old one fewer
 * of the ops that it has deprecated but still runs eagerly.
 */
const PRODUCER = 440

/** Encodes a `NodeDef`. */
export function encodeNode(node: GraphNode): Uint8Array {
  const writer = new ProtobufWriter()
  writer.string(1, node.name)
  writer.string(2, node.op)
  for (const input of node.inputs) writer.string(3, input)
  for (const attribute of node.attributes) writeEntry(writer, 5, attribute)
  return writer.finish()
}

/** Encodes a `GraphDef` with a library of one function. */
export function encodeGraph(nodes: readonly GraphNode[], library: GraphFunction): Uint8Array {
  const writer = new ProtobufWriter()
  for (const node of nodes) writer.bytes(1, encodeNode(node))
  writer.message(2, (functions) => functions.message(1, (definition) => writeFunction(definition, library)))
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

/** Encodes a `ConfigProto` that makes TensorFlow run a function as it is written. */
export function encodeConfigWithoutRewriting(): Uint8Array {
  const disableMetaOptimizer = 19
  const writer = new ProtobufWriter()
  writer.message(10, (graphOptions) =>
    graphOptions.message(10, (rewriteOptions) => rewriteOptions.integer(disableMetaOptimizer, 1)),
  )
  return writer.finish()
}

function writeFunction(writer: ProtobufWriter, { name, inputs, outputs, nodes, flags }: GraphFunction): void {
  writer.message(1, (signature) => {
    signature.string(1, name)
    for (const [field, list] of [[2, inputs] as const, [3, outputs] as const]) {
      for (const argument of list) {
        signature.message(field, (definition) => {
          definition.string(1, argument.name)
          definition.integer(3, argument.dtype)
        })
      }
    }
  })
  for (const node of nodes) writer.bytes(3, node)
  for (const output of outputs) {
    writer.message(4, (entry) => {
      entry.string(1, output.name)
      entry.string(2, output.source)
    })
  }
  for (const flag of flags) writeEntry(writer, 5, { name: flag, kind: 'boolean', value: true })
}

/** Writes one entry of a map from attribute names to `AttrValue`. */
function writeEntry(writer: ProtobufWriter, field: number, attribute: GraphAttribute): void {
  writer.message(field, (entry) => {
    entry.string(1, attribute.name)
    entry.message(2, (value) => writeAttribute(value, attribute))
  })
}

function writeAttribute(writer: ProtobufWriter, { kind, value }: GraphAttribute): void {
  if (kind === 'string') writer.bytes(2, typeof value === 'string' ? new TextEncoder().encode(value) : value)
  else if (kind === 'integer') writer.integer(3, value)
  else if (kind === 'float') writer.float(4, value)
  else if (kind === 'boolean') writer.integer(5, value ? 1 : 0)
  else if (kind === 'type') writer.integer(6, value)
  else if (kind === 'shape') writer.message(7, (shape) => writeShape(shape, value))
  else if (kind === 'tensor') writer.message(8, (tensor) => writeTensor(tensor, value))
  else if (kind === 'function') writer.message(10, (reference) => reference.string(1, value))
  else if (kind === 'integers') writer.message(1, (list) => list.packedIntegers(3, value))
  else if (kind === 'floats') writer.message(1, (list) => list.packedFloats(4, value))
  else if (kind === 'booleans') writer.message(1, (list) => list.packedIntegers(5, value.map(Number)))
  else if (kind === 'types') writer.message(1, (list) => list.packedIntegers(6, value))
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
