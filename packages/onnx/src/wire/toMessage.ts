import { type Graph, initializersOf, type OnnxModel } from '../ir/graph.ts'
import { type GraphNames, nameGraph } from '../ir/names.ts'
import { type Attribute, isGraph, type Node } from '../ir/node.ts'
import type { Dimension, TensorType, Value } from '../ir/value.ts'
import { ELEMENT_TYPE_NUMBERS } from './elementTypes.ts'
import type { Message } from './schema.ts'

/** The IR version of ONNX 1.12, which brought opset 17. */
const IR_VERSION = 8
const PRODUCER = 'tfjs-bayes'

/**
 * Puts a model into the words of onnx.proto, names included; the types of inner values are written too, so that every reader knows them.
 *
 * @param model a model that satisfies the invariants
 * @returns the message; its byte fields are views of the initializers' arrays
 */
export function toMessage({ graph, opset, metadata }: OnnxModel): Message<'ModelProto'> {
  const names = nameGraph(graph)
  return {
    irVersion: BigInt(IR_VERSION),
    producerName: PRODUCER,
    graph: graphMessage(graph, names, initializersOf(graph)),
    opsetImport: [{ domain: '', version: BigInt(opset) }],
    metadataProps: Object.keys(metadata)
      .sort()
      .map((key) => ({ key, value: metadata[key]! })),
  }
}

function graphMessage(graph: Graph, names: GraphNames, initializers: readonly Value[]): Message<'GraphProto'> {
  const outputs = new Set(graph.outputs.map((port) => port.value))
  const inner = graph.nodes.flatMap((node) => node.outputs).filter((value) => !outputs.has(value))
  const info = (value: Value): Message<'ValueInfoProto'> => ({ name: names.values.get(value)!, type: typeMessage(value.type) })
  return {
    node: graph.nodes.map((node) => nodeMessage(node, names)),
    name: graph.name,
    initializer: initializers.map((value) => tensorMessage(value, names.values.get(value)!)),
    input: graph.inputs.map((port) => info(port.value)),
    output: graph.outputs.map((port) => info(port.value)),
    valueInfo: inner.map(info),
  }
}

function nodeMessage(node: Node, names: GraphNames): Message<'NodeProto'> {
  return {
    input: node.inputs.map((value) => (value == null ? '' : names.values.get(value)!)),
    output: node.outputs.map((value) => names.values.get(value)!),
    name: names.nodes.get(node)!,
    opType: node.opType,
    attribute: Object.keys(node.attributes)
      .sort()
      .map((name) => attributeMessage(name, node.attributes[name]!, names)),
  }
}

// Numbers of AttributeProto.AttributeType.
const FLOAT = 1
const INT = 2
const STRING = 3
const GRAPH = 5
const FLOATS = 6
const INTS = 7
const STRINGS = 8
const textEncoder = new TextEncoder()

function attributeMessage(name: string, value: Attribute, names: GraphNames): Message<'AttributeProto'> {
  // The initializers of a body stand in the graph around it.
  if (isGraph(value)) return { name, g: graphMessage(value, names, []), type: GRAPH }
  if (typeof value === 'number') return { name, f: value, type: FLOAT }
  if (typeof value === 'bigint') return { name, i: value, type: INT }
  if (typeof value === 'string') return { name, s: textEncoder.encode(value), type: STRING }
  if (value.every((item) => typeof item === 'bigint')) return { name, ints: value, type: INTS }
  if (value.every((item) => typeof item === 'number')) return { name, floats: value, type: FLOATS }
  return { name, strings: (value as readonly string[]).map((item) => textEncoder.encode(item)), type: STRINGS }
}

function tensorMessage(value: Value, name: string): Message<'TensorProto'> {
  const data = value.data!
  return {
    dims: value.shape.map(BigInt),
    dataType: ELEMENT_TYPE_NUMBERS[value.type.elementType],
    name,
    // ONNX stores little-endian bytes, as every platform that runs tfjs does.
    rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  }
}

function typeMessage({ elementType, shape }: TensorType): Message<'TypeProto'> {
  return { tensorType: { elemType: ELEMENT_TYPE_NUMBERS[elementType], shape: { dim: shape.map(dimensionMessage) } } }
}

function dimensionMessage(dimension: Dimension): Message<'TensorShapeProto.Dimension'> {
  return typeof dimension === 'number' ? { dimValue: BigInt(dimension) } : { dimParam: dimension }
}
