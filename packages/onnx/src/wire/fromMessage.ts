import { CorruptModelError } from '../errors.ts'
import type { Graph, OnnxModel, Port } from '../ir/graph.ts'
import { type Attribute, Node } from '../ir/node.ts'
import { type Dimension, type TensorData, type TensorType, Value } from '../ir/value.ts'
import { ARRAYS, elementTypeOf } from './elementTypes.ts'
import type { Message } from './schema.ts'

/**
 * Builds the graph of a file that was read: names become references again. The inverse of `toMessage` for what this package writes; a file
 * with tensors for attributes, strings or values of unknown type is refused.
 *
 * @param message a decoded file
 * @returns the model; initializers are copies, so the file's bytes can go
 * @throws CorruptModelError naming what does not hold together
 */
export function fromMessage(message: Message<'ModelProto'>): OnnxModel {
  const graph = message.graph ?? {}
  const opset = message.opsetImport?.find(({ domain }) => domain == null || domain === '' || domain === 'ai.onnx')?.version
  if (opset == null) throw corrupt('it does not say which version of the default operator set it uses')
  const metadata = Object.fromEntries((message.metadataProps ?? []).map(({ key = '', value = '' }) => [key, value]))
  return { graph: graphOf(graph, new Map()), opset: Number(opset), metadata }
}

/** @param outer the values of the graphs around this one, which it may use */
function graphOf(graph: Message<'GraphProto'>, outer: ReadonlyMap<string, Value>): Graph {
  const types = new Map<string, TensorType>()
  for (const info of [...(graph.input ?? []), ...(graph.output ?? []), ...(graph.valueInfo ?? [])]) {
    const type = typeOf(info)
    if (type != null) types.set(info.name ?? '', type)
  }
  const values = new Map<string, Value>(outer)
  const define = (name: string, value: Value): void => {
    if (values.has(name)) throw corrupt(`the value ${JSON.stringify(name)} is defined twice`)
    values.set(name, value)
  }
  for (const tensor of graph.initializer ?? []) define(tensor.name ?? '', initializerOf(tensor))
  const inputs = (graph.input ?? [])
    .filter(({ name }) => !values.has(name ?? ''))
    .map(({ name = '' }): Port => {
      const type = types.get(name)
      if (type == null) throw corrupt(`the input ${JSON.stringify(name)} has no tensor type`)
      const value = new Value(type, name)
      define(name, value)
      return { name, value }
    })
  const lookUp = (name: string, user: string): Value => {
    const value = values.get(name)
    if (value == null) throw corrupt(`${user} uses the value ${JSON.stringify(name)}, which nothing before it makes`)
    return value
  }
  const nodes = (graph.node ?? []).map((nodeMessage) => {
    const { opType = '', name = opType, domain = '' } = nodeMessage
    if (domain !== '' && domain !== 'ai.onnx')
      throw corrupt(`node ${JSON.stringify(name)} uses the operator set ${JSON.stringify(domain)}`)
    const outputs = (nodeMessage.output ?? []).map((output) => {
      const type = types.get(output)
      if (type == null) throw corrupt(`the value ${JSON.stringify(output)} has no known tensor type`)
      return { type, hint: output }
    })
    const node = new Node(
      opType,
      (nodeMessage.input ?? []).map((input) => (input === '' ? undefined : lookUp(input, `node ${JSON.stringify(name)}`))),
      Object.fromEntries(
        (nodeMessage.attribute ?? []).map((attribute) => [attribute.name ?? '', attributeOf(attribute, name, values)]),
      ),
      outputs,
      name,
    )
    for (const output of node.outputs) define(output.hint, output)
    return node
  })
  const outputs = (graph.output ?? []).map(({ name = '' }): Port => ({ name, value: lookUp(name, 'the graph') }))
  return { name: graph.name ?? '', inputs, outputs, nodes }
}

function corrupt(what: string): CorruptModelError {
  return new CorruptModelError(`The ONNX file does not hold together: ${what}. It was altered, or written by another program.`)
}

function typeOf({ type }: Message<'ValueInfoProto'>): TensorType | undefined {
  const elementType = elementTypeOf(type?.tensorType?.elemType)
  const shape = type?.tensorType?.shape
  if (elementType == null || shape == null) return undefined
  return {
    elementType,
    shape: (shape.dim ?? []).map((dimension): Dimension => dimension.dimParam ?? Number(dimension.dimValue ?? 0n)),
  }
}

function initializerOf(tensor: Message<'TensorProto'>): Value {
  const { name = '', rawData, dims = [], dataType, dataLocation } = tensor
  if (dataLocation === 1) {
    throw new CorruptModelError(
      `The weights of the ONNX file, ${JSON.stringify(name)} among them, are in a file beside it, which its bytes alone do not have. Load it by its path with loadPredictor or onnxruntime itself, or export it without externalData.`,
    )
  }
  const elementType = elementTypeOf(dataType)
  const arrayType = elementType == null ? undefined : ARRAYS[elementType]
  if (elementType == null || arrayType == null || rawData == null) {
    throw corrupt(`the initializer ${JSON.stringify(name)} (data type ${dataType}) is not stored as raw bytes of a known type`)
  }
  const shape = dims.map(Number)
  const size = shape.reduce((total, dimension) => total * dimension, 1)
  if (shape.some((dimension) => dimension < 0) || size * arrayType.BYTES_PER_ELEMENT !== rawData.length) {
    throw corrupt(`the initializer ${JSON.stringify(name)} of shape [${shape.join(', ')}] has ${rawData.length} bytes`)
  }
  // A copy also brings the elements to the alignment that the array needs. (Node's Buffer has a slice of its own, which copies nothing.)
  const data: TensorData = new arrayType(new Uint8Array(rawData).buffer)
  return new Value({ elementType, shape }, name, undefined, data)
}

const textDecoder = new TextDecoder()

function attributeOf(attribute: Message<'AttributeProto'>, node: string, outer: ReadonlyMap<string, Value>): Attribute {
  const { f, i, s, floats, ints, strings, g } = attribute
  if (g != null) return graphOf(g, outer)
  const value =
    f ??
    i ??
    ints ??
    floats ??
    (s == null ? undefined : textDecoder.decode(s)) ??
    strings?.map((item) => textDecoder.decode(item))
  if (value != null && attribute.t == null) return value
  // An empty list leaves no trace but its type.
  if (attribute.type === 6 || attribute.type === 7 || attribute.type === 8) return []
  throw corrupt(
    `the attribute ${JSON.stringify(attribute.name ?? '')} of node ${JSON.stringify(node)} is a tensor, or of a type that is not known`,
  )
}
