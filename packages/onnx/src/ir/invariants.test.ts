import { expect, test } from 'vitest'
import { GraphInvariantError } from '../errors.ts'
import type { Graph, OnnxModel } from './graph.ts'
import { withoutDeadNodes } from './graph.ts'
import { checkInvariants } from './invariants.ts'
import { Node } from './node.ts'
import { Tape } from './tape.ts'
import { Value } from './value.ts'

const type = { elementType: 'float', shape: ['batch', 2] } as const

test('a graph from the tape satisfies them', () => {
  expect(() => checkInvariants(modelOf(good()))).not.toThrow()
})

test.each<[string, (graph: Graph) => Graph, RegExp]>([
  [
    'a use before the producer',
    (graph) => ({ ...graph, nodes: [...graph.nodes].reverse() }),
    /Neg uses Relu, which nothing before it makes/,
  ],
  ['a missing producer', (graph) => ({ ...graph, nodes: graph.nodes.slice(1) }), /Neg uses Relu, which nothing before it makes/],
  ['a node twice', (graph) => ({ ...graph, nodes: [...graph.nodes, graph.nodes[1]!] }), /Neg has another producer than Neg/],
  [
    'an output that nothing makes',
    (graph) => ({ ...graph, outputs: [...graph.outputs, { name: 'z', value: new Value(type, 'z') }] }),
    /output z is made by nothing/,
  ],
  [
    'two outputs of one name',
    (graph) => ({ ...graph, outputs: [...graph.outputs, { name: 'y', value: graph.nodes[0]!.outputs[0]! }] }),
    /the same name/,
  ],
  [
    'a value that is an output twice',
    (graph) => ({ ...graph, outputs: [...graph.outputs, { ...graph.outputs[0]!, name: 'z' }] }),
    /output twice/,
  ],
  [
    'a result that nothing uses',
    (graph) => ({ ...graph, nodes: [...graph.nodes, dangling(graph)] }),
    /dangling is used by nothing/,
  ],
  [
    'an input that nothing uses',
    (graph) => ({ ...graph, inputs: [...graph.inputs, { name: 'w', value: new Value(type, 'w') }] }),
    /w is used by nothing/,
  ],
  [
    'a result of another type than its operator gives',
    (graph) => wrongType(graph),
    /Sqrt is float\[7\], inferred float\[batch, 2\]/,
  ],
  [
    'an initializer of another size than its shape',
    (graph) => wrongInitializer(graph),
    /initializer b of shape \[2\] has 3 elements/,
  ],
  [
    'an operator that nobody knows',
    (graph) => ({ ...graph, nodes: graph.nodes.map((node) => Object.assign(node, { opType: 'Nonsense' })) }),
    /Nonsense is not in the table/,
  ],
])('%s is found', (_, breakIt, message) => {
  const check = (): void => checkInvariants(modelOf(breakIt(good())))
  expect(check).toThrow(GraphInvariantError)
  expect(check).toThrow(message)
})

test('withoutDeadNodes leaves what the outputs need, in the same order', () => {
  const graph = good()
  const more = { ...graph, nodes: [dangling(graph), ...graph.nodes] }
  expect(withoutDeadNodes(more).nodes).toEqual(graph.nodes)
})

function good(): Graph {
  const tape = new Tape(17)
  const y = tape.op('Neg', [tape.op('Relu', [tape.input('x', 'float', ['batch', 2])])])
  return tape.finish('good', [{ name: 'y', value: y }])
}

function modelOf(graph: Graph): OnnxModel {
  return { graph, opset: 17, metadata: {} }
}

function dangling(graph: Graph): Node {
  return new Node('Exp', [graph.inputs[0]!.value], {}, [{ type, hint: 'dangling' }], 'dangling')
}

function wrongType(graph: Graph): Graph {
  const node = new Node(
    'Sqrt',
    [graph.outputs[0]!.value],
    {},
    [{ type: { elementType: 'float', shape: [7] }, hint: 'z' }],
    'Sqrt',
  )
  return { ...graph, nodes: [...graph.nodes, node], outputs: [{ name: 'z', value: node.outputs[0]! }] }
}

function wrongInitializer(graph: Graph): Graph {
  const b = new Value({ elementType: 'float', shape: [2] }, 'b', undefined, new Float32Array(3))
  const node = new Node('Add', [graph.outputs[0]!.value, b], {}, [{ type, hint: 'z' }], 'Add')
  return { ...graph, nodes: [...graph.nodes, node], outputs: [{ name: 'z', value: node.outputs[0]! }] }
}
