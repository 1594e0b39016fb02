/**
 * The part of onnx.proto that an inference model needs: message, field, number, type. The only place that knows the wire format's numbers;
 * `schema.test.ts` holds it against the descriptors of Python's onnx package. Fields that are missing here (quantization, training,
 * functions, sparse tensors) are skipped when a file is read.
 */
export const SCHEMA = {
  ModelProto: {
    irVersion: [1, 'int64'],
    producerName: [2, 'string'],
    producerVersion: [3, 'string'],
    domain: [4, 'string'],
    modelVersion: [5, 'int64'],
    docString: [6, 'string'],
    graph: [7, 'GraphProto'],
    opsetImport: [8, 'OperatorSetIdProto', 'repeated'],
    metadataProps: [14, 'StringStringEntryProto', 'repeated'],
  },
  OperatorSetIdProto: {
    domain: [1, 'string'],
    version: [2, 'int64'],
  },
  StringStringEntryProto: {
    key: [1, 'string'],
    value: [2, 'string'],
  },
  GraphProto: {
    node: [1, 'NodeProto', 'repeated'],
    name: [2, 'string'],
    initializer: [5, 'TensorProto', 'repeated'],
    docString: [10, 'string'],
    input: [11, 'ValueInfoProto', 'repeated'],
    output: [12, 'ValueInfoProto', 'repeated'],
    valueInfo: [13, 'ValueInfoProto', 'repeated'],
  },
  NodeProto: {
    input: [1, 'string', 'repeated'],
    output: [2, 'string', 'repeated'],
    name: [3, 'string'],
    opType: [4, 'string'],
    attribute: [5, 'AttributeProto', 'repeated'],
    docString: [6, 'string'],
    domain: [7, 'string'],
  },
  AttributeProto: {
    name: [1, 'string'],
    f: [2, 'float'],
    i: [3, 'int64'],
    s: [4, 'bytes'],
    t: [5, 'TensorProto'],
    g: [6, 'GraphProto'],
    floats: [7, 'float', 'repeated'],
    ints: [8, 'int64', 'repeated'],
    strings: [9, 'bytes', 'repeated'],
    tensors: [10, 'TensorProto', 'repeated'],
    graphs: [11, 'GraphProto', 'repeated'],
    docString: [13, 'string'],
    type: [20, 'int32'],
  },
  ValueInfoProto: {
    name: [1, 'string'],
    type: [2, 'TypeProto'],
    docString: [3, 'string'],
  },
  TypeProto: {
    tensorType: [1, 'TypeProto.Tensor'],
    denotation: [6, 'string'],
  },
  'TypeProto.Tensor': {
    elemType: [1, 'int32'],
    shape: [2, 'TensorShapeProto'],
  },
  TensorShapeProto: {
    dim: [1, 'TensorShapeProto.Dimension', 'repeated'],
  },
  'TensorShapeProto.Dimension': {
    dimValue: [1, 'int64'],
    dimParam: [2, 'string'],
    denotation: [3, 'string'],
  },
  TensorProto: {
    dims: [1, 'int64', 'repeated'],
    dataType: [2, 'int32'],
    floatData: [4, 'float', 'packed'],
    int32Data: [5, 'int32', 'packed'],
    stringData: [6, 'bytes', 'repeated'],
    int64Data: [7, 'int64', 'packed'],
    name: [8, 'string'],
    rawData: [9, 'bytes'],
    doubleData: [10, 'double', 'packed'],
    uint64Data: [11, 'uint64', 'packed'],
    docString: [12, 'string'],
    externalData: [13, 'StringStringEntryProto', 'repeated'],
    dataLocation: [14, 'int32'],
  },
} as const

export type MessageName = keyof typeof SCHEMA

/** A protobuf message as a plain object; a field that is not there is `undefined`, as proto2 has it. */
export type Message<Name extends MessageName> = {
  readonly [Field in keyof (typeof SCHEMA)[Name]]?: FieldValue<(typeof SCHEMA)[Name][Field]>
}

type FieldValue<Spec> = Spec extends readonly [number, infer Type]
  ? SingleValue<Type>
  : Spec extends readonly [number, infer Type, 'repeated' | 'packed']
    ? readonly SingleValue<Type>[]
    : never

type SingleValue<Type> = Type extends MessageName ? Message<Type> : Type extends keyof ScalarValues ? ScalarValues[Type] : never

interface ScalarValues {
  readonly int32: number
  readonly int64: bigint
  readonly uint64: bigint
  readonly float: number
  readonly double: number
  readonly string: string
  readonly bytes: Uint8Array
}

export type ScalarType = keyof ScalarValues

/** A field's entry in the table, for the readers and writers that walk it. */
export interface FieldSpec {
  readonly name: string
  readonly number: number
  readonly type: ScalarType | MessageName
  readonly repeated: boolean
  readonly packed: boolean
}

/** The fields of each message in the order of their numbers: the order in which they are written. */
export const FIELDS: Readonly<Record<MessageName, readonly FieldSpec[]>> = Object.fromEntries(
  Object.entries(SCHEMA).map(([message, fields]) => [message, fieldsOf(fields)]),
) as Record<MessageName, readonly FieldSpec[]>

export function isMessageName(type: string): type is MessageName {
  return type in SCHEMA
}

type TableRow = readonly [number, ScalarType | MessageName, ('repeated' | 'packed')?]

function fieldsOf(rows: Readonly<Record<string, TableRow>>): readonly FieldSpec[] {
  return Object.entries(rows)
    .map(([name, [number, type, label]]) => ({ name, number, type, repeated: label != null, packed: label === 'packed' }))
    .sort((a, b) => a.number - b.number)
}
