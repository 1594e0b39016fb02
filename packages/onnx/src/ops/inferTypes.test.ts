import { expect, test } from 'vitest'
import { GraphInvariantError } from '../errors.ts'
import { Tape } from '../ir/tape.ts'

test('shapes follow symbolic sizes through folding and unfolding', () => {
  const tape = new Tape(17)
  const samples = tape.input('samples', 'int64', [1])
  const x = tape.input('x', 'float', ['samples', 'batch', 4])
  const folded = tape.op('Reshape', [x, tape.ints([-1, 4])])
  expect(folded.shape).toEqual(['batch*samples', 4])
  const unfolded = tape.op('Reshape', [folded, tape.op('Concat', [samples, tape.ints([-1, 4])], { axis: 0n })])
  expect(unfolded.shape).toEqual(['samples', 'batch', 4])
  const count = tape.op('Shape', [x], { start: 0n, end: 1n })
  expect(tape.op('Expand', [tape.constant('zero', () => [new Float32Array(1), [1]]), count]).shape).toEqual(['samples'])
})

test.each<[string, (tape: Tape) => unknown, RegExp]>([
  [
    'matrices',
    (tape) => tape.op('MatMul', [tape.input('a', 'float', ['b', 2]), tape.input('c', 'float', [3, 4])]),
    /MatMul\(\[b, 2\], \[3, 4\]\): matrices/,
  ],
  [
    'element types',
    (tape) => tape.op('Add', [tape.input('a', 'float', [2]), tape.input('c', 'int64', [2])]),
    /element types float and int64/,
  ],
  ['sizes', (tape) => tape.op('Reshape', [tape.input('a', 'float', [2, 3]), tape.ints([5])]), /\[2, 3\] to \[5\]/],
  ['a missing input', (tape) => tape.op('Relu', []), /input 0 is missing/],
  [
    'joined shapes',
    (tape) => tape.op('Concat', [tape.input('a', 'float', [2, 3]), tape.input('c', 'float', [2, 4])], { axis: 0n }),
    /along axis 0/,
  ],
])('inputs that do not fit are an error: %s', (_, build, message) => {
  expect(() => build(new Tape(17))).toThrow(GraphInvariantError)
  expect(() => build(new Tape(17))).toThrow(message)
})
