import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CorruptModelError } from '../errors.ts'
import { Tape } from '../ir/tape.ts'
import { decode } from './decode.ts'
import { decodeModel } from './decodeModel.ts'
import { encode } from './encode.ts'
import { toMessage } from './toMessage.ts'

const file = exampleFile()

describe('bytes that are no model', () => {
  test.each([
    ['nothing', new Uint8Array(0), /empty \(0 bytes\)/],
    ['zeros', new Uint8Array(64), /field number 0/],
    ['text', new TextEncoder().encode('this is no model'), /damaged at byte \d+ of 16/],
    ['another message', Uint8Array.of(0x08, 8), /no graph, no opset/],
    ['a group, which ONNX never uses', Uint8Array.of(0x0b), /wire type 3/],
    ['a number without end', new Uint8Array(12).fill(0xff), /more than ten bytes/],
    ['a huge length', Uint8Array.of(0x3a, 0xff, 0xff, 0xff, 0xff, 0x7f), /announced, 0 left/],
    ['bad UTF-8', Uint8Array.of(0x12, 1, 0xff), /no UTF-8/],
    ['a text where a number is expected', Uint8Array.of(0x0a, 1, 0x61), /wire type 2/],
  ])('%s', (_, bytes, message) => {
    expect(() => decode(bytes)).toThrow(CorruptModelError)
    expect(() => decode(bytes)).toThrow(message)
  })

  test('messages nested without end', () => {
    // Model > graph > node > attribute > graph > ..., each one layer around the last.
    let bytes: number[] = []
    const wrap = (key: number): void => {
      const length = bytes.length
      bytes = [key, (length & 0x7f) | 0x80, (length >> 7) & 0x7f, ...bytes]
    }
    for (let level = 0; level < 200; level++) for (const key of [0x32, 0x2a, 0x0a]) wrap(key)
    wrap(0x3a)
    expect(() => decode(Uint8Array.from(bytes))).toThrow(/nested deeper than 100/)
  })
})

test('every truncation of a file is a named error, or a shorter file that holds together', () => {
  for (let length = 0; length < file.length; length++) readOrNamedError(file.slice(0, length))
})

test('no change of bytes does anything but a named error', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }), (changes) => {
      const bytes = file.slice()
      for (const [position, value] of changes) bytes[position] = value
      readOrNamedError(bytes)
    }),
    { numRuns: 3000 },
  )
})

test('random bytes do nothing but a named error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      readOrNamedError(bytes)
    }),
    { numRuns: 3000 },
  )
})

test('a Buffer at an odd place, as Node reads files, is read like any other array', () => {
  const pool = Buffer.alloc(file.length + 3)
  pool.set(file, 3)
  expect(encode(toMessage(decodeModel(pool.subarray(3))))).toEqual(file)
})

test('decodeModel reads what was written: the same bytes come out again', () => {
  const model = decodeModel(file)
  expect(encode(toMessage(model))).toEqual(file)
  expect(model.graph.nodes.map(({ opType }) => opType)).toEqual(['Clip', 'Transpose', 'Gemm'])
  expect(model.graph.nodes[0]!.inputs).toHaveLength(3)
  expect(model.graph.nodes[0]!.inputs[1]).toBeUndefined()
  expect(model.metadata).toEqual({ one: '1', two: '2' })
})

function exampleFile(): Uint8Array {
  const tape = new Tape(17)
  const x = tape.input('x', 'float', [3, 'batch'])
  const clipped = tape.op('Clip', [x, undefined, tape.scalar(6)])
  const turned = tape.op('Transpose', [clipped], { perm: [1n, 0n] })
  const weights = tape.initializer(new Float32Array([1, 2, 3, 4, 5, 6]), [3, 2], 'weights')
  const y = tape.op('Gemm', [turned, weights], { alpha: 0.5 })
  return encode(
    toMessage({ graph: tape.finish('example', [{ name: 'y', value: y }]), opset: 17, metadata: { two: '2', one: '1' } }),
  )
}

function readOrNamedError(bytes: Uint8Array): void {
  try {
    decodeModel(bytes)
  } catch (error) {
    if (!(error instanceof CorruptModelError)) throw error
  }
}
