import { CorruptModelError } from '../errors.ts'
import { FIELDS, type FieldSpec, isMessageName, type Message, type MessageName, type ScalarType } from './schema.ts'

/**
 * Reads a model from protobuf bytes. Fields that `schema.ts` does not know are skipped.
 *
 * Safe on hostile bytes: every length is checked against what is left before anything is made for it, nesting is limited, byte fields are
 * views and not copies, so memory is bounded by a multiple of the file's size.
 *
 * @param bytes a whole file; the result's byte fields are views of it
 * @throws CorruptModelError with the position, where the bytes are no protobuf, are cut off, or hold no graph
 */
export function decode(bytes: Uint8Array): Message<'ModelProto'> {
  if (bytes.length === 0) throw new CorruptModelError('The ONNX file is empty (0 bytes). Export the model again.')
  const model = readMessage(new Reader(bytes, 0, bytes.length), 'ModelProto', 0) as Message<'ModelProto'>
  if (model.irVersion == null || model.graph == null || (model.opsetImport ?? []).length === 0) {
    const missing = [
      model.irVersion == null ? 'IR version' : '',
      model.graph == null ? 'graph' : '',
      (model.opsetImport ?? []).length === 0 ? 'opset' : '',
    ].filter((part) => part !== '')
    throw new CorruptModelError(
      `These ${bytes.length} bytes are no ONNX model: no ${missing.join(', no ')}. Expected a file written by exportModel; was it cut off or is it another format?`,
    )
  }
  return model
}

// Deeper than any subgraph in a real model, far from the end of the call stack.
const MAX_DEPTH = 100

class Reader {
  readonly bytes: Uint8Array
  position: number
  readonly end: number

  constructor(bytes: Uint8Array, position: number, end: number) {
    this.bytes = bytes
    this.position = position
    this.end = end
  }

  varint(): bigint {
    // Nearly all numbers in a file are below 2^28: no BigInt on that path.
    let low = 0
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte()
      low |= (byte & 0x7f) << shift
      if (byte < 0x80) return BigInt(low)
    }
    let value = BigInt(low)
    for (let shift = 28n; shift < 70n; shift += 7n) {
      const byte = this.byte()
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asUintN(64, value)
    }
    throw this.corrupt('a number of more than ten bytes')
  }

  take(length: number): Uint8Array {
    if (length > this.end - this.position) throw this.corrupt(`${length} bytes announced, ${this.end - this.position} left`)
    this.position += length
    return this.bytes.subarray(this.position - length, this.position)
  }

  length(): number {
    const length = this.varint()
    if (length > BigInt(this.end - this.position))
      throw this.corrupt(`${length} bytes announced, ${this.end - this.position} left`)
    return Number(length)
  }

  corrupt(what: string): CorruptModelError {
    return new CorruptModelError(
      `The ONNX file is damaged at byte ${this.position} of ${this.bytes.length}: ${what}. It may have been cut off or altered; export the model again.`,
    )
  }

  private byte(): number {
    if (this.position >= this.end) throw this.corrupt('the data ends within a number')
    return this.bytes[this.position++]!
  }
}

const fieldByNumber: Readonly<Record<MessageName, ReadonlyMap<number, FieldSpec>>> = Object.fromEntries(
  Object.entries(FIELDS).map(([name, fields]) => [name, new Map(fields.map((field) => [field.number, field]))]),
) as Record<MessageName, Map<number, FieldSpec>>

const VARINT = 0
const FIXED64 = 1
const LENGTH_DELIMITED = 2
const FIXED32 = 5

function readMessage(reader: Reader, name: MessageName, depth: number): object {
  if (depth > MAX_DEPTH) throw reader.corrupt(`messages nested deeper than ${MAX_DEPTH}`)
  const message: Record<string, unknown> = {}
  while (reader.position < reader.end) {
    const key = reader.varint()
    const wire = Number(key & 7n)
    const number = key >> 3n
    if (number === 0n || number > 0x1fffffffn) throw reader.corrupt(`field number ${number}`)
    const field = fieldByNumber[name].get(Number(number))
    if (field == null) {
      skip(reader, wire)
      continue
    }
    const packed = field.repeated && wire === LENGTH_DELIMITED && wireType(field.type) !== LENGTH_DELIMITED
    if (wire !== wireType(field.type) && !packed) throw reader.corrupt(`${name}.${field.name} has wire type ${wire}`)
    if (!field.repeated) {
      message[field.name] = readValue(reader, field, depth)
      continue
    }
    message[field.name] ??= []
    const list = message[field.name] as unknown[]
    if (!packed) {
      list.push(readValue(reader, field, depth))
      continue
    }
    const length = reader.length()
    const inner = new Reader(reader.bytes, reader.position, reader.position + length)
    while (inner.position < inner.end) list.push(readValue(inner, field, depth))
    reader.position += length
  }
  return message
}

function wireType(type: ScalarType | MessageName): number {
  if (type === 'float') return FIXED32
  if (type === 'double') return FIXED64
  return type === 'int32' || type === 'int64' || type === 'uint64' ? VARINT : LENGTH_DELIMITED
}

const textDecoder = new TextDecoder('utf-8', { fatal: true })

function readValue(reader: Reader, field: FieldSpec, depth: number): unknown {
  if (isMessageName(field.type)) {
    const length = reader.length()
    const inner = new Reader(reader.bytes, reader.position, reader.position + length)
    reader.position += length
    return readMessage(inner, field.type, depth + 1)
  }
  switch (field.type) {
    case 'string': {
      const bytes = reader.take(reader.length())
      try {
        return textDecoder.decode(bytes)
      } catch {
        throw reader.corrupt(`${field.name} is no UTF-8 text`)
      }
    }
    case 'bytes':
      return reader.take(reader.length())
    case 'float':
      return view(reader.take(4)).getFloat32(0, true)
    case 'double':
      return view(reader.take(8)).getFloat64(0, true)
    case 'int32':
      return Number(BigInt.asIntN(32, reader.varint()))
    case 'int64':
      return BigInt.asIntN(64, reader.varint())
    case 'uint64':
      return reader.varint()
  }
}

function skip(reader: Reader, wire: number): void {
  if (wire === VARINT) reader.varint()
  else if (wire === FIXED64) reader.take(8)
  else if (wire === FIXED32) reader.take(4)
  else if (wire === LENGTH_DELIMITED) reader.take(reader.length())
  else throw reader.corrupt(`wire type ${wire}, which ONNX does not use`)
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
