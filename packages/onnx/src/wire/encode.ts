import { ModelTooLargeError } from '../errors.ts'
import { FIELDS, type FieldSpec, isMessageName, type Message, type MessageName, type ScalarType } from './schema.ts'

/**
 * Writes a model as protobuf bytes: fields in the order of their numbers, so the same message gives the same bytes.
 *
 * @param model the message; large byte fields are copied once, into the result
 * @returns the file's bytes
 * @throws ModelTooLargeError for a model of 2 GiB or more
 */
export function encode(model: Message<'ModelProto'>): Uint8Array {
  return partsOf(model).join()
}

/**
 * The same as pieces, one after the other, for a file on disk, which needs no array of its size in memory.
 *
 * @param model the message; large byte fields are among the pieces, not copied
 * @throws ModelTooLargeError for a model of 2 GiB or more
 */
export function encodePieces(model: Message<'ModelProto'>): readonly Uint8Array[] {
  return partsOf(model).joinedBelow(WORTH_A_PIECE)
}

function partsOf(model: Message<'ModelProto'>): Parts {
  const parts = new Parts()
  writeMessage(parts, 'ModelProto', model)
  if (parts.length > LARGEST_MESSAGE) throw new ModelTooLargeError(parts.length)
  return parts
}

/** Bytes from which on an array is written to disk by itself. */
const WORTH_A_PIECE = 2 ** 16

/** The most bytes that a protobuf message may have. */
export const LARGEST_MESSAGE: number = 2 ** 31 - 1

// Pieces of the result; a nested message's length stands before its content, so pieces are collected first and laid into one array at the end.
class Parts {
  readonly pieces: Uint8Array[] = []
  length = 0

  push(piece: Uint8Array): void {
    this.pieces.push(piece)
    this.length += piece.length
  }

  append(other: Parts): void {
    for (const piece of other.pieces) this.pieces.push(piece)
    this.length += other.length
  }

  join(): Uint8Array {
    const bytes = new Uint8Array(this.length)
    let offset = 0
    for (const piece of this.pieces) {
      bytes.set(piece, offset)
      offset += piece.length
    }
    return bytes
  }

  /** The pieces, those smaller than `size` put together with their neighbours. */
  joinedBelow(size: number): Uint8Array[] {
    const result: Uint8Array[] = []
    let small = new Parts()
    const flush = (): void => {
      if (small.length > 0) result.push(small.join())
      small = new Parts()
    }
    for (const piece of this.pieces) {
      if (piece.length < size) small.push(piece)
      else {
        flush()
        result.push(piece)
      }
    }
    flush()
    return result
  }
}

const VARINT = 0
const FIXED64 = 1
const LENGTH_DELIMITED = 2
const FIXED32 = 5

function writeMessage(parts: Parts, name: MessageName, message: object): void {
  const values = message as Readonly<Record<string, unknown>>
  for (const field of FIELDS[name]) {
    const value = values[field.name]
    if (value === undefined) continue
    if (!field.repeated) writeField(parts, field, value)
    else if (!field.packed) for (const item of value as readonly unknown[]) writeField(parts, field, item)
    else if ((value as readonly unknown[]).length > 0) writePacked(parts, field, value as readonly unknown[])
  }
}

function writeField(parts: Parts, field: FieldSpec, value: unknown): void {
  if (isMessageName(field.type)) {
    const inner = new Parts()
    writeMessage(inner, field.type, value as object)
    writeLengthDelimited(parts, field.number, inner)
    return
  }
  const content = scalarBytes(field.type, value)
  if (field.type === 'string' || field.type === 'bytes') {
    const inner = new Parts()
    inner.push(content)
    writeLengthDelimited(parts, field.number, inner)
    return
  }
  parts.push(varint(BigInt(field.number * 8 + wireType(field.type))))
  parts.push(content)
}

function writePacked(parts: Parts, field: FieldSpec, values: readonly unknown[]): void {
  const inner = new Parts()
  for (const value of values) inner.push(scalarBytes(field.type as ScalarType, value))
  writeLengthDelimited(parts, field.number, inner)
}

function writeLengthDelimited(parts: Parts, number: number, content: Parts): void {
  parts.push(varint(BigInt(number * 8 + LENGTH_DELIMITED)))
  parts.push(varint(BigInt(content.length)))
  parts.append(content)
}

function wireType(type: ScalarType): number {
  return type === 'float' ? FIXED32 : type === 'double' ? FIXED64 : VARINT
}

const textEncoder = new TextEncoder()

function scalarBytes(type: ScalarType, value: unknown): Uint8Array {
  switch (type) {
    case 'string':
      return textEncoder.encode(value as string)
    case 'bytes':
      return value as Uint8Array
    case 'float': {
      const bytes = new Uint8Array(4)
      new DataView(bytes.buffer).setFloat32(0, value as number, true)
      return bytes
    }
    case 'double': {
      const bytes = new Uint8Array(8)
      new DataView(bytes.buffer).setFloat64(0, value as number, true)
      return bytes
    }
    case 'int32':
      return varint(BigInt(value as number))
    case 'int64':
    case 'uint64':
      return varint(value as bigint)
  }
}

function varint(value: bigint): Uint8Array {
  // A negative number is written as its 64-bit two's complement: ten bytes.
  let rest = BigInt.asUintN(64, value)
  const bytes: number[] = []
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  bytes.push(Number(rest))
  return Uint8Array.from(bytes)
}
