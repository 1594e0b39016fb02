import { expect, test } from 'vitest'
import { byConfiguration, formatSpread, spreadOf } from './spread.ts'

test('mean and sample standard deviation', () => {
  expect(spreadOf([1, 2, 3, 6])).toEqual({ mean: 3, deviation: expect.closeTo(Math.sqrt(14 / 3), 12) })
  expect(spreadOf([4])).toEqual({ mean: 4, deviation: null })
})

test('one number is shown without a spread, none as a dash', () => {
  const format = (value: number): string => value.toFixed(1)
  expect(formatSpread([1, 3], format)).toBe('2.0 ± 1.4')
  expect(formatSpread([2], format)).toBe('2.0')
  expect(formatSpread([], format)).toBe('–')
})

test('parts of one configuration come together, in the order of the configurations', () => {
  const part = (name: string, seed: number) => ({ configuration: { name }, seed })
  const groups = byConfiguration([part('b', 1), part('a', 1), part('b', 2)])
  expect(groups.map((group) => group.map(({ configuration, seed }) => `${configuration.name}${seed}`))).toEqual([
    ['b1', 'b2'],
    ['a1'],
  ])
})
