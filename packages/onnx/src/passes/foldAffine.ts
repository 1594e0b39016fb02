import { fromFloat16, toFloat16 } from '../ir/float16.ts'
import { type OnnxModel, withoutDeadNodes } from '../ir/graph.ts'
import type { Node } from '../ir/node.ts'
import { Tape } from '../ir/tape.ts'
import { Value } from '../ir/value.ts'
import { replay } from './replay.ts'

/**
 * Makes products and sums with one number per channel, which is what a batch normalization is at inference, part of the convolution or matrix product in front of
 * them: op(x, W) + b, times s, plus t is op(x, s W) + (s b + t).
 *
 * @param model a model that satisfies the invariants
 * @returns an equal model, but for rounding, with fewer nodes
 */
export function foldAffine(model: OnnxModel): OnnxModel {
  const { graph } = model
  const users = new Map<Value, Node[]>()
  for (const node of graph.nodes)
    for (const input of new Set(node.inputs)) if (input != null) users.set(input, [...(users.get(input) ?? []), node])
  const isOutput = new Set(graph.outputs.map((port) => port.value))
  const chains = new Map<Node, Chain>()
  const swallowed = new Set<Node>()
  for (const node of graph.nodes) {
    const chain = linearOf(node) == null ? undefined : chainBehind(node, users, isOutput)
    if (chain == null) continue
    chains.set(node, chain)
    for (const link of chain.nodes) swallowed.add(link)
  }
  if (chains.size === 0) return model
  const tape = new Tape(model.opset)
  const outputs = replay(graph, tape, (node, inputs) => {
    if (swallowed.has(node)) return 'skipped'
    const chain = chains.get(node)
    if (chain == null) return undefined
    return [[chain.nodes.at(-1)!.outputs[0]!, folded(tape, node, inputs, chain)]]
  })
  return { ...model, graph: withoutDeadNodes(tape.finish(graph.name, outputs)) }
}

/** What an operator with a stored kernel does with channels. */
interface Linear {
  /** The axis of the channels in the kernel, and in the result. */
  readonly kernelAxis: number
  readonly resultAxis: number
  readonly takesBias: boolean
}

/** Products and sums behind a node, nothing else using what is between. */
interface Chain {
  readonly nodes: readonly Node[]
  readonly scale: Float64Array
  readonly shift: Float64Array
}

function linearOf({ opType, inputs, outputs, attributes }: Node): Linear | undefined {
  const [, kernel, bias] = inputs
  const rank = outputs[0]!.rank
  if (kernel?.data == null || (bias != null && bias.data == null)) return undefined
  switch (opType) {
    case 'Conv':
      return { kernelAxis: 0, resultAxis: 1, takesBias: true }
    case 'ConvTranspose':
      return (attributes['group'] ?? 1n) === 1n ? { kernelAxis: 1, resultAxis: 1, takesBias: true } : undefined
    case 'Gemm':
      // A dense layer's; its bias is a vector.
      return Object.keys(attributes).length === 0 && (bias == null || bias.rank === 1)
        ? { kernelAxis: 1, resultAxis: rank - 1, takesBias: true }
        : undefined
    case 'MatMul':
      return kernel.rank === 2 ? { kernelAxis: 1, resultAxis: rank - 1, takesBias: false } : undefined
    default:
      return undefined
  }
}

function chainBehind(node: Node, users: ReadonlyMap<Value, readonly Node[]>, isOutput: ReadonlySet<Value>): Chain | undefined {
  const { kernelAxis, resultAxis } = linearOf(node)!
  const channels = node.inputs[1]!.shape[kernelAxis] as number
  const scale = new Float64Array(channels).fill(1)
  const shift = new Float64Array(channels)
  const nodes: Node[] = []
  let scales = false
  for (let value = node.outputs[0]!; !isOutput.has(value); ) {
    const [link, ...others] = users.get(value) ?? []
    if (link == null || others.length > 0 || (link.opType !== 'Mul' && link.opType !== 'Add')) break
    const other = link.inputs.find((input) => input !== value)
    const factors = other == null ? undefined : perChannel(other, value.rank, resultAxis, channels)
    if (factors == null || link.outputs[0]!.rank !== value.rank) break
    for (let channel = 0; channel < channels; channel++) {
      if (link.opType === 'Mul') scale[channel]! *= factors[channel]!
      shift[channel] = link.opType === 'Mul' ? shift[channel]! * factors[channel]! : shift[channel]! + factors[channel]!
    }
    scales ||= link.opType === 'Mul'
    nodes.push(link)
    value = link.outputs[0]!
  }
  // A sum alone is a bias, which stands well where it is.
  return scales ? { nodes, scale, shift } : undefined
}

/** The stored numbers, one for each channel; undefined where they differ along another axis. */
function perChannel(value: Value, rank: number, axis: number, channels: number): Float32Array | undefined {
  if (value.data == null || value.rank > rank) return undefined
  const data = floatsOf(value)
  if (data == null) return undefined
  if (data.length === 1) return new Float32Array(channels).fill(data[0]!)
  const shape = [...Array<number>(rank - value.rank).fill(1), ...value.shape]
  return shape.every((size, index) => size === (index === axis ? channels : 1)) ? data : undefined
}

function folded(tape: Tape, node: Node, inputs: readonly (Value | undefined)[], { nodes, scale, shift }: Chain): Value {
  const { kernelAxis, resultAxis, takesBias } = linearOf(node)!
  const [x, kernel, bias] = inputs
  const inner = (kernel!.shape.slice(kernelAxis + 1) as readonly number[]).reduce((total, size) => total * size, 1)
  const weights = floatsOf(kernel!)!.map((weight, index) => weight * scale[Math.floor(index / inner) % scale.length]!)
  const before = bias == null ? undefined : floatsOf(bias)!
  const sums = Float32Array.from(shift, (added, channel) => (before?.[channel] ?? 0) * scale[channel]! + added)
  const newKernel = stored(kernel!, weights, kernel!.shape as readonly number[], kernel!.hint)
  const biasHint = bias?.hint ?? nodes.at(-1)!.hint
  if (takesBias)
    return tape.op(node.opType, [x, newKernel, stored(kernel!, sums, [sums.length], biasHint)], node.attributes, node.hint)
  const y = tape.op(node.opType, [x, newKernel], node.attributes, node.hint)
  const shape = Array.from({ length: y.rank - resultAxis }, (_, axis) => (axis === 0 ? sums.length : 1))
  return tape.op('Add', [y, stored(kernel!, sums, shape, biasHint)], {}, nodes.at(-1)!.hint)
}

function floatsOf({ data }: Value): Float32Array | undefined {
  if (data instanceof Float32Array) return data
  return data instanceof Uint16Array ? fromFloat16(data) : undefined
}

function stored(like: Value, data: Float32Array, shape: readonly number[], hint: string): Value {
  const { elementType } = like.type
  return new Value({ elementType, shape }, hint, undefined, elementType === 'float16' ? toFloat16(data) : data)
}
