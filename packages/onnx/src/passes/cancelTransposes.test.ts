import { expect, test } from 'vitest'
import type { Graph, OnnxModel } from '../ir/graph.ts'
import { checkInvariants } from '../ir/invariants.ts'
import { Tape } from '../ir/tape.ts'
import type { Value } from '../ir/value.ts'
import { cancelTransposes } from './cancelTransposes.ts'

const toFirst = (tape: Tape, x: Value): Value => tape.op('Transpose', [x], { perm: [0n, 3n, 1n, 2n] })
const toLast = (tape: Tape, x: Value): Value => tape.op('Transpose', [x], { perm: [0n, 2n, 3n, 1n] })
const pool = (tape: Tape, x: Value): Value => tape.op('MaxPool', [x], { kernel_shape: [2n, 2n] })

test('a chain keeps one layout: one transpose before, one behind', () => {
  const graph = cancelled((tape, x) => {
    const first = toLast(tape, pool(tape, toFirst(tape, x)))
    const between = tape.op('Mul', [tape.op('Relu', [first]), tape.scalar(2)])
    return toLast(tape, pool(tape, toFirst(tape, between)))
  })
  expect(operators(graph)).toEqual(['Transpose', 'MaxPool', 'Relu', 'Mul', 'MaxPool', 'Transpose'])
})

test('numbers per channel go with the layout', () => {
  const graph = cancelled((tape, x) => {
    const scale = tape.initializer(new Float32Array([1, 2, 3]), [3], 'scale')
    return toLast(tape, pool(tape, toFirst(tape, tape.op('Mul', [toLast(tape, pool(tape, toFirst(tape, x))), scale]))))
  })
  expect(operators(graph)).toEqual(['Transpose', 'MaxPool', 'Mul', 'MaxPool', 'Transpose'])
  expect(graph.nodes[2]!.inputs[1]!.shape).toEqual([1, 3, 1, 1])
})

test('two branches of one layout meet in it', () => {
  const graph = cancelled((tape, x) => {
    const branch = (): Value => toLast(tape, pool(tape, toFirst(tape, x)))
    return tape.op('Add', [branch(), branch()])
  })
  // Both branches read the same transposed input.
  expect(operators(graph).filter((opType) => opType === 'Transpose')).toHaveLength(2)
  expect(operators(graph).slice(-2)).toEqual(['Add', 'Transpose'])
})

test('draws are made, folded and unfolded beneath', () => {
  const graph = cancelled((tape, x) => {
    const mean = toLast(tape, pool(tape, toFirst(tape, x)))
    const zeros = tape.initializer(new Float32Array(5), [5, 1, 1, 1, 1], 'zeros')
    const noise = tape.op('RandomNormalLike', [tape.op('Add', [mean, zeros])])
    const draw = tape.op('Add', [mean, noise])
    const folded = tape.op('Reshape', [draw, tape.ints([-1, 5, 5, 3])])
    const pooled = toLast(tape, pool(tape, toFirst(tape, folded)))
    return tape.op('Reshape', [pooled, tape.ints([5, -1, 4, 4, 3])])
  })
  expect(operators(graph)).toEqual([
    'Transpose',
    'MaxPool',
    'Add',
    'RandomNormalLike',
    'Add',
    'Reshape',
    'MaxPool',
    'Reshape',
    'Transpose',
  ])
  expect(graph.outputs[0]!.value.shape).toEqual([5, 'batch', 4, 4, 3])
})

test('what counts axes, or mixes them, gets its own order', () => {
  const softmax = cancelled((tape, x) => tape.op('Softmax', [toLast(tape, pool(tape, toFirst(tape, x)))], { axis: -1n }))
  expect(operators(softmax)).toEqual(['Transpose', 'MaxPool', 'Transpose', 'Softmax'])
  const flat = cancelled((tape, x) => tape.op('Reshape', [toLast(tape, pool(tape, toFirst(tape, x))), tape.ints([0, 75])]))
  expect(operators(flat)).toEqual(['Transpose', 'MaxPool', 'Transpose', 'Reshape'])
})

test('a plain input against a transposed one costs one transpose at most', () => {
  const graph = cancelled(
    (tape, x) => tape.op('Add', [toLast(tape, toFirst(tape, x)), toFirst(tape, tape.op('Relu', [toLast(tape, x)]))]),
    [4, 4],
  )
  expect(operators(graph)).toEqual(['Relu', 'Add'])
})

function cancelled(build: (tape: Tape, x: Value) => Value, size: readonly [number, number] = [6, 6]): Graph {
  const tape = new Tape(17)
  const x = tape.input('x', 'float', ['batch', ...size, size[0] === 4 ? 4 : 3])
  const model: OnnxModel = { graph: tape.finish('g', [{ name: 'y', value: build(tape, x) }]), opset: 17, metadata: {} }
  const result = cancelTransposes(model)
  checkInvariants(result)
  expect(result.graph.outputs[0]!.value.shape).toEqual(model.graph.outputs[0]!.value.shape)
  return result.graph
}

function operators(graph: Graph): readonly string[] {
  return graph.nodes.map((node) => node.opType)
}
