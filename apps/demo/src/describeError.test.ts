import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { describeError } from './describeError.ts'
import { MissingRunFileError } from './errors.ts'

const caught = (act: () => unknown): unknown => {
  try {
    return act()
  } catch (error) {
    return error
  }
}

test('a named error speaks for itself', () => {
  expect(describeError(new MissingRunFileError('There is no run. Train first.'), false)).toBe(
    'MissingRunFileError: There is no run. Train first.\n',
  )
})

test.each([
  ['an error without a name', () => new Error('boom')],
  ['one of the operating system', () => caught(() => readFileSync('/nowhere/at/all'))],
  ['a wrong call of Node', () => caught(() => readFileSync(Symbol('x') as unknown as string))],
])('%s is called a defect, without a stack', (_, make) => {
  const text = describeError(make(), false)
  expect(text).toMatch(/^error: .*\nThis should not happen\. Run it again with --debug/)
  expect(text).not.toMatch(/\n\s+at /)
})

test('what is no error is shown as it is', () => {
  expect(describeError('words', false)).toBe('error: words\n')
})

test('with debug the stack is shown, and the stack of the cause', () => {
  const text = describeError(new MissingRunFileError('outer', { cause: new Error('inner') }), true)
  expect(text).toMatch(/MissingRunFileError: outer\n\s+at /)
  expect(text).toMatch(/caused by Error: inner\n\s+at /)
})
