import { expect, test } from 'vitest'
import { DT_BOOL, DT_FLOAT, DT_INT32, encodeNode, type GraphAttribute, type TensorValue } from './graphDef.ts'

type Field = number | bigint | Uint8Array
type Message = Map<number, Field[]>

/** Reads a protocol buffer message back: numbers of wire type 0 and 5, bytes of wire type 2. */
function decode(bytes: Uint8Array): Message {
  const message: Message = new Map()
  let at = 0
  const varint = () => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]!
      value |= BigInt(byte & 127) << shift
      if (byte < 128) return value
    }
  }
  while (at < bytes.length) {
    const tag = Number(varint())
    let value: Field
    if ((tag & 7) === 0) value = BigInt.asIntN(64, varint())
    else if ((tag & 7) === 5) {
      value = new DataView(bytes.buffer, bytes.byteOffset + at).getFloat32(0, true)
      at += 4
    } else {
      expect(tag & 7).toBe(2)
      const length = Number(varint())
      value = bytes.subarray(at, at + length)
      at += length
    }
    message.set(tag >> 3, [...(message.get(tag >> 3) ?? []), value])
  }
  return message
}

const field = (message: Message, ...path: number[]): Field | undefined =>
  path.reduce<Field | undefined>(
    (value, number, depth) => (depth === 0 ? message : decode(value as Uint8Array)).get(number)?.[0],
    undefined,
  )

const text = (value: Field | undefined) => new TextDecoder().decode(value as Uint8Array)

function encodedAttribute(attribute: GraphAttribute): Message {
  const node = decode(encodeNode({ name: 'n', op: 'Op', inputs: [], attributes: [attribute] }))
  expect(text(field(node, 5, 1))).toBe('a')
  return decode(field(node, 5, 2) as Uint8Array)
}

test('a node has its name, op and inputs', () => {
  const node = decode(encodeNode({ name: 'sum', op: 'AddV2', inputs: ['x', 'y:z:0'], attributes: [] }))
  expect([1, 2].map((number) => text(field(node, number)))).toEqual(['sum', 'AddV2'])
  expect(node.get(3)!.map(text)).toEqual(['x', 'y:z:0'])
})

test('single attributes', () => {
  const cases: [GraphAttribute, number, Field][] = [
    [{ name: 'a', kind: 'integer', value: 300 }, 3, 300n],
    [{ name: 'a', kind: 'integer', value: -1 }, 3, -1n],
    [{ name: 'a', kind: 'integer', value: 2 ** 40 }, 3, 2n ** 40n],
    [{ name: 'a', kind: 'float', value: 0.5 }, 4, 0.5],
    [{ name: 'a', kind: 'boolean', value: true }, 5, 1n],
    [{ name: 'a', kind: 'boolean', value: false }, 5, 0n],
    [{ name: 'a', kind: 'type', value: DT_BOOL }, 6, 10n],
  ]
  for (const [attribute, number, expected] of cases) expect(encodedAttribute(attribute)).toEqual(new Map([[number, [expected]]]))
  expect(text(field(encodedAttribute({ name: 'a', kind: 'string', value: 'NHWC' }), 2))).toBe('NHWC')
  expect(text(field(encodedAttribute({ name: 'a', kind: 'function', value: 'step' }), 10, 1))).toBe('step')
})

test('lists are packed, an empty one is a list too', () => {
  expect(Array.from(field(encodedAttribute({ name: 'a', kind: 'integers', value: [1, 300, -1] }), 1, 3) as Uint8Array)).toEqual([
    1, 172, 2, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1,
  ])
  expect(Array.from(field(encodedAttribute({ name: 'a', kind: 'floats', value: [1] }), 1, 4) as Uint8Array)).toEqual([
    0, 0, 128, 63,
  ])
  expect(Array.from(field(encodedAttribute({ name: 'a', kind: 'booleans', value: [true, false] }), 1, 5) as Uint8Array)).toEqual([
    1, 0,
  ])
  expect(Array.from(field(encodedAttribute({ name: 'a', kind: 'types', value: [1, 3] }), 1, 6) as Uint8Array)).toEqual([1, 3])
  expect(Array.from(field(encodedAttribute({ name: 'a', kind: 'integers', value: [] }), 1, 3) as Uint8Array)).toEqual([])
})

test('a shape keeps its order and its unknown sizes', () => {
  const shape = field(encodedAttribute({ name: 'a', kind: 'shape', value: [2, -1, 70_000] }), 7) as Uint8Array
  expect(
    decode(shape)
      .get(2)!
      .map((size) => field(decode(size as Uint8Array), 1)),
  ).toEqual([2n, -1n, 70_000n])
})

const tensor = (value: TensorValue) => decode(field(encodedAttribute({ name: 'a', kind: 'tensor', value }), 8) as Uint8Array)

test('a tensor has its type, its shape and its bytes', () => {
  const message = tensor({ dtype: DT_FLOAT, shape: [3], values: Float32Array.of(1, -2, 0.5) })
  expect(field(message, 1)).toBe(1n)
  expect(field(message, 2, 2, 1)).toBe(3n)
  const content = field(message, 4) as Uint8Array
  expect(Array.from(new Float32Array(content.slice().buffer))).toEqual([1, -2, 0.5])
})

test('equal values are written once, and only where they are equal bit for bit', () => {
  expect(field(tensor({ dtype: DT_INT32, shape: [1000], values: new Int32Array(1000).fill(7) }), 7)).toEqual(Uint8Array.of(7))
  expect(field(tensor({ dtype: DT_BOOL, shape: [4], values: Uint8Array.of(1, 1, 1, 1) }), 11)).toEqual(Uint8Array.of(1))
  expect(field(tensor({ dtype: DT_FLOAT, shape: [2], values: Float32Array.of(0, 0) }), 5)).toEqual(Uint8Array.of(0, 0, 0, 0))
  const zeros = tensor({ dtype: DT_FLOAT, shape: [2], values: Float32Array.of(0, -0) })
  expect(zeros.has(5)).toBe(false)
  expect(field(zeros, 4)).toEqual(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 128))
})

test('a tensor of strings has one field a string', () => {
  const message = tensor({ dtype: 7, shape: [2], values: [Uint8Array.of(65), Uint8Array.of(66, 67)] })
  expect(message.get(8)!.map(text)).toEqual(['A', 'BC'])
})
