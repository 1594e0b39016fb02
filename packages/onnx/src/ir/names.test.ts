import { expect, test } from 'vitest'
import { nameGraph } from './names.ts'
import { Tape } from './tape.ts'

test('ports keep their names, other values get their hints, taken ones a suffix', () => {
  const tape = new Tape(17)
  const x = tape.input('x', 'float', ['batch'])
  const first = tape.scope('layer', () => tape.op('Relu', [x]))
  const second = tape.scope('layer', () => tape.op('Relu', [first]))
  const weight = tape.initializer(new Float32Array([1]), [1], 'layer/Relu')
  const y = tape.op('Add', [second, weight])
  const graph = tape.finish('g', [{ name: 'layer/Relu_1', value: y }])
  const { values, nodes } = nameGraph(graph)
  expect(values.get(x)).toBe('x')
  expect(values.get(y)).toBe('layer/Relu_1')
  // Initializers come before results; the output has taken layer/Relu_1.
  expect(values.get(weight)).toBe('layer/Relu')
  expect([values.get(first), values.get(second)]).toEqual(['layer/Relu_2', 'layer/Relu_3'])
  expect(graph.nodes.map((node) => nodes.get(node))).toEqual(['layer/Relu', 'layer/Relu_1', 'Add'])
})
