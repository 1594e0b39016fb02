import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { SCHEMAS, sinceVersion } from './schemas.ts'

// What Python's onnx package says: test/fixtures/onnxPackage.py wrote it.
const { schemas } = JSON.parse(readFileSync(new URL('../../test/fixtures/opSchemas.json', import.meta.url), 'utf8')) as {
  schemas: Record<string, { since: number[]; forms: Record<string, { inputs: string[]; outputs: string[] }> }>
}

test.each(Object.keys(SCHEMAS))('%s has the versions, inputs and outputs of the onnx package', (opType) => {
  const { since, inputs, outputs } = SCHEMAS[opType]!
  const expected = schemas[opType]!
  expect(since).toEqual(expected.since)
  for (const form of Object.values(expected.forms)) {
    // Later versions may have more inputs than earlier ones; types and order never differ.
    expect(inputs.slice(0, form.inputs.length)).toEqual(form.inputs)
    expect(outputs).toEqual(form.outputs)
  }
})

test('sinceVersion is the youngest version that is not younger than the opset', () => {
  expect(sinceVersion('ReduceMean', 17)).toBe(13)
  expect(sinceVersion('ReduceMean', 18)).toBe(18)
  expect(sinceVersion('RandomNormalLike', 20)).toBe(1)
  expect(sinceVersion('NoSuchOperator', 17)).toBeUndefined()
})
