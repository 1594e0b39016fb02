import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { FIELDS, type MessageName, SCHEMA } from './schema.ts'

// What Python's onnx package says: test/fixtures/onnxPackage.py wrote it.
const { messages } = JSON.parse(readFileSync(new URL('../../test/fixtures/onnxProto.json', import.meta.url), 'utf8')) as {
  messages: Record<string, Record<string, [number, string, ('repeated' | 'packed')?]>>
}

test.each(Object.keys(SCHEMA) as MessageName[])('%s has the numbers, types and labels of onnx.proto', (message) => {
  for (const { name, number, type, repeated, packed } of FIELDS[message]) {
    const [expectedNumber, expectedType, label] = messages[message]![snakeCase(name)]!
    // An enum is written as an int32.
    const expected = [expectedNumber, expectedType === 'enum' ? 'int32' : expectedType, label != null, label === 'packed']
    expect([number, type, repeated, packed], `${message}.${name}`).toEqual(expected)
  }
})

test('fields are in the order of their numbers', () => {
  for (const fields of Object.values(FIELDS)) {
    const numbers = fields.map((field) => field.number)
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
  }
})

function snakeCase(name: string): string {
  return name.replace(/[A-Z]|(?<=[a-z])(?=\d)/g, (letter) => (letter === '' ? '' : `_${letter.toLowerCase()}`))
}
