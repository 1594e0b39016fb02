import { expect, test } from 'vitest'
import { formatTable } from './table.ts'

test('numbers line up on the right, words on the left', () => {
  expect(
    formatTable(
      [{ heading: 'model' }, { heading: 'error', numeric: true }],
      [
        ['a long name', '3.1 %'],
        ['b', '12.25 %'],
      ],
    ),
  ).toBe(['model          error', '───────────  ───────', 'a long name    3.1 %', 'b            12.25 %'].join('\n'))
})
