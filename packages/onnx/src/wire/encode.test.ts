import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decode } from './decode.ts'
import { encode, encodePieces } from './encode.ts'
import { FIELDS, isMessageName, type Message, type MessageName } from './schema.ts'

describe('the bytes of small messages, written out by hand', () => {
  test('numbers, texts and nested messages', () => {
    const model: Message<'ModelProto'> = {
      irVersion: 8n,
      producerName: 'ab',
      graph: { name: 'g' },
      opsetImport: [{ domain: '', version: 17n }],
    }
    // Key = field number * 8 + wire type; 0 = varint, 2 = length and content.
    expect([...encode(model)]).toEqual([
      ...[0x08, 8],
      ...[0x12, 2, 0x61, 0x62],
      ...[0x3a, 3, ...[0x12, 1, 0x67]],
      ...[0x42, 4, ...[0x0a, 0, 0x10, 17]],
    ])
  })

  test('a negative integer takes ten bytes, a large one as many as it needs', () => {
    const attribute = (i: bigint): Message<'ModelProto'> => ({ graph: { node: [{ attribute: [{ i }] }] } })
    expect([...encode(attribute(-1n))].slice(6)).toEqual([0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01])
    expect([...encode(attribute(300n))].slice(6)).toEqual([0x18, 0xac, 0x02])
  })

  test('floats are four little-endian bytes, packed ones in one piece', () => {
    expect([...encode({ graph: { node: [{ attribute: [{ f: 1 }] }] } })].slice(6)).toEqual([0x15, 0, 0, 0x80, 0x3f])
    expect([...encode({ graph: { initializer: [{ floatData: [1, -2] }] } })].slice(4)).toEqual([
      0x22, 8, 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0,
    ])
  })
})

test('decode reads packed and unpacked lists alike, and skips fields that it does not know', () => {
  const graph = (tensor: readonly number[]): Uint8Array =>
    Uint8Array.from([0x08, 8, 0x3a, tensor.length + 2, 0x2a, tensor.length, ...tensor, 0x42, 2, 0x10, 17])
  // TensorProto.dims is field 1, not packed; here packed, then not.
  const dims = (bytes: Uint8Array): unknown => decode(bytes).graph?.initializer?.[0]?.dims
  expect(dims(graph([0x0a, 2, 3, 4]))).toEqual([3n, 4n])
  expect(dims(graph([0x08, 3, 0x08, 4]))).toEqual([3n, 4n])
  // Field 3 (segment, a message), 100 (a varint), 101 (eight bytes) and 102 (four bytes) are not in the table.
  const unknown = [0x1a, 2, 0x08, 1, 0xa0, 0x06, 5, 0xa9, 0x06, 1, 2, 3, 4, 5, 6, 7, 8, 0xb5, 0x06, 1, 2, 3, 4]
  expect(dims(graph([...unknown, 0x08, 3]))).toEqual([3n])
})

test('decode(encode(x)) = x for any message', () => {
  fc.assert(
    fc.property(messageArbitrary('ModelProto', 4), (message) => {
      const model = { irVersion: 8n, graph: {}, opsetImport: [{}], ...(message as Message<'ModelProto'>) }
      const read = decode(encode(model))
      expect(read).toEqual(withoutEmptyLists(model))
      expect(encode(read)).toEqual(encode(model))
    }),
    { numRuns: 300 },
  )
})

test('the pieces are the same bytes, a large tensor among them as it is', () => {
  const large = new Uint8Array(2 ** 17).fill(7)
  const initializer = [
    { name: 'a', rawData: large },
    { name: 'b', rawData: Uint8Array.of(1) },
    { name: 'c', rawData: large },
  ]
  const model: Message<'ModelProto'> = { irVersion: 8n, graph: { name: 'g', initializer } }
  const pieces = encodePieces(model)
  expect(pieces.filter((piece) => piece === large).length).toBe(2)
  expect(pieces.length).toBeLessThanOrEqual(5)
  expect(Buffer.concat(pieces).equals(encode(model))).toBe(true)
})

function messageArbitrary(name: MessageName, depth: number): fc.Arbitrary<object> {
  const fields = FIELDS[name].filter(({ type }) => depth > 0 || !isMessageName(type))
  const entries = fields.map((field) => {
    const one = valueArbitrary(field.type, depth)
    return [field.name, fc.option(field.repeated ? fc.array(one, { maxLength: 3 }) : one, { nil: undefined, freq: 1 })] as const
  })
  return fc.record(Object.fromEntries(entries), { noNullPrototype: true }).map(withoutUndefined)
}

function valueArbitrary(type: string, depth: number): fc.Arbitrary<unknown> {
  if (isMessageName(type)) return fc.noShrink(messageArbitrary(type, depth - 1))
  switch (type) {
    case 'string':
      return fc.string({ unit: 'binary', maxLength: 8 })
    case 'bytes':
      return fc.uint8Array({ maxLength: 8 })
    case 'float':
      return fc.float()
    case 'double':
      return fc.double()
    case 'int32':
      return fc.integer()
    case 'uint64':
      return fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
    default:
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
  }
}

function withoutUndefined(message: object): object {
  return Object.fromEntries(Object.entries(message).filter(([, value]) => value !== undefined))
}

/** An empty list leaves no bytes, so it comes back as a missing field. */
function withoutEmptyLists(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmptyLists)
  if (value === null || typeof value !== 'object' || ArrayBuffer.isView(value)) return value
  const entries = Object.entries(value).filter(([, field]) => !(Array.isArray(field) && field.length === 0))
  return Object.fromEntries(entries.map(([key, field]) => [key, withoutEmptyLists(field)]))
}
