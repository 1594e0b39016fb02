import { expect, test } from 'vitest'
import { fromFloat16, MAX_FLOAT16, toFloat16 } from './float16.ts'

test('every float16 comes back from its number', () => {
  const all = Uint16Array.from({ length: 0x10000 }, (_, pattern) => pattern)
  const back = toFloat16(fromFloat16(all))
  all.forEach((pattern, i) => {
    const isNaNPattern = (pattern & 0x7c00) === 0x7c00 && (pattern & 0x3ff) !== 0
    if (isNaNPattern) expect((back[i]! & 0x7c00) === 0x7c00 && (back[i]! & 0x3ff) !== 0).toBe(true)
    else expect(back[i]).toBe(pattern)
  })
})

test('numbers between are rounded to the nearest, ties to even', () => {
  // Around 1 the step is 2^-10; below 2^-14 it is 2^-24.
  const step = 2 ** -10
  const cases: [number, number][] = [
    [1 + 0.49 * step, 1],
    [1 + 0.5 * step, 1],
    [1 + 1.5 * step, 1 + 2 * step],
    [-1 - 0.51 * step, -1 - step],
    [2 ** -25, 0],
    [1.01 * 2 ** -25, 2 ** -24],
    [2 ** -14 - 2 ** -26, 2 ** -14],
    [MAX_FLOAT16 + 15, MAX_FLOAT16],
    [MAX_FLOAT16 + 16, Number.POSITIVE_INFINITY],
    [1e-30, 0],
  ]
  for (const [value, rounded] of cases) expect(fromFloat16(toFloat16(Float32Array.of(value)))[0], String(value)).toBe(rounded)
})
