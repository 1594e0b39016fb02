import { type OnnxModel, withoutDeadNodes } from '../ir/graph.ts'
import type { Node } from '../ir/node.ts'
import { Tape } from '../ir/tape.ts'
import { type TensorData, Value } from '../ir/value.ts'
import { transposeData } from '../lower/transposeData.ts'
import { replay } from './replay.ts'

/**
 * Computes what depends on stored numbers only, so that no run does: rearrangements of any numbers, and elementwise operators on float32.
 *
 * @param model a model that satisfies the invariants
 * @returns an equal model with fewer nodes
 */
export function foldConstants(model: OnnxModel): OnnxModel {
  const { graph, opset } = model
  const isOutput = new Set(graph.outputs.map((port) => port.value))
  const tape = new Tape(opset)
  const outputs = replay(graph, tape, (node, inputs) => {
    const [output] = node.outputs
    if (isOutput.has(output!) || inputs.length === 0 || !inputs.every((input) => input?.data != null)) return undefined
    const data = evaluate(node, inputs as readonly Value[])
    return data == null ? undefined : [[output!, new Value(output!.type, output!.hint, undefined, data)]]
  })
  return { ...model, graph: withoutDeadNodes(tape.finish(graph.name, outputs)) }
}

const UNARY: Readonly<Record<string, (x: number) => number>> = {
  Neg: (x) => -x,
  Sqrt: Math.sqrt,
  Exp: Math.exp,
  Log: Math.log,
  Tanh: Math.tanh,
  Relu: (x) => Math.max(x, 0),
  Sigmoid: (x) => 1 / (1 + Math.exp(-x)),
}

const BINARY: Readonly<Record<string, (x: number, y: number) => number>> = {
  Add: (x, y) => x + y,
  Sub: (x, y) => x - y,
  Mul: (x, y) => x * y,
  Div: (x, y) => x / y,
  Max: Math.max,
  Min: Math.min,
}

/** The elements of a node's result, in the shape that the graph says; undefined for operators that are left alone. */
function evaluate({ opType, attributes, outputs }: Node, inputs: readonly Value[]): TensorData | undefined {
  const [x, y] = inputs
  const shape = outputs[0]!.shape as readonly number[]
  switch (opType) {
    case 'Identity':
    case 'Reshape':
    case 'Unsqueeze':
    case 'Squeeze':
      return x!.data
    case 'Transpose': {
      const order = attributes['perm'] as readonly bigint[]
      return transposeData({ data: x!.data!, shape: x!.shape as readonly number[] }, order.map(Number)).data
    }
  }
  const unary = UNARY[opType]
  if (unary != null && x!.data instanceof Float32Array) return x!.data.map(unary)
  const binary = BINARY[opType]
  if (binary == null || inputs.length !== 2 || !(x!.data instanceof Float32Array) || !(y!.data instanceof Float32Array))
    return undefined
  const [left, right] = [broadcastTo(x!, shape), broadcastTo(y!, shape)]
  return left.map((value, index) => binary(value, right[index]!))
}

function broadcastTo(value: Value, shape: readonly number[]): Float32Array {
  const own = [...Array<number>(shape.length - value.rank).fill(1), ...(value.shape as readonly number[])]
  const data = value.data as Float32Array
  const size = shape.reduce((total, length) => total * length, 1)
  return Float32Array.from({ length: size }, (_, index) => {
    let rest = index
    let source = 0
    let stride = 1
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (own[axis] !== 1) source += (rest % shape[axis]!) * stride
      rest = Math.floor(rest / shape[axis]!)
      stride *= own[axis]!
    }
    return data[source]!
  })
}
