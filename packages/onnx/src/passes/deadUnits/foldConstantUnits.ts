import type { OnnxModel } from '../../ir/graph.ts'
import type { Node } from '../../ir/node.ts'
import { Tape } from '../../ir/tape.ts'
import type { Value } from '../../ir/value.ts'
import { replay } from '../replay.ts'
import { type Channels, isElementwise, moved, spread } from './channels.ts'
import {
  type ChannelwiseNode,
  channelwiseNode,
  floatsOf,
  forEachWeight,
  hasZeros,
  type LinearNode,
  linearNode,
  storedLike,
} from './linearNode.ts'
import { scalarResult } from './scalarFunctions.ts'

/**
 * Takes what units give that do not depend on the input into the biases behind them, and sets their outgoing weights to 0, so that `dropDeadUnits` can drop them: a unit
 * whose incoming weights are all 0 gives its activation at its bias, for every row and draw.
 *
 * @param model a model that satisfies the invariants
 * @returns an equal model, but for rounding
 */
export function foldConstantUnits(model: OnnxModel): OnnxModel {
  const { graph } = model
  const known = new Map<Value, Channels<number>>()
  for (const node of graph.nodes) {
    const constants = constantsOf(node, known)
    if (constants?.of.some((value) => !Number.isNaN(value))) known.set(node.outputs[0]!, constants)
  }
  if (known.size === 0) return model
  const tape = new Tape(model.opset)
  const outputs = replay(graph, tape, (node, inputs) => {
    const linear = linearNode(node)
    const constants = linear == null ? undefined : known.get(node.inputs[0]!)
    if (linear == null || constants == null || constants.axis !== linear.inputAxis) return undefined
    const folded = fold(linear, constants.of)
    if (folded == null) return undefined
    const [kernel, bias] = folded
    const operands = linear.takesBias && bias != null ? [inputs[0], kernel, bias] : [inputs[0], kernel]
    const product = tape.op(node.opType, operands, node.attributes, node.hint)
    const result = linear.takesBias || bias == null ? product : tape.op('Add', [product, bias], {}, `${node.hint}/constant`)
    return [[node.outputs[0]!, result]]
  })
  return { ...model, graph: tape.finish(graph.name, outputs) }
}

/** A number for each channel of a node's result that has the same value everywhere; NaN for the others. */
function constantsOf(node: Node, known: ReadonlyMap<Value, Channels<number>>): Channels<number> | undefined {
  const [x] = node.inputs
  const linear = linearNode(node)
  if (linear != null) {
    // Without zeros a kernel carries whatever changes to every output.
    const sums = known.has(x!) || hasZeros(linear.kernel) ? constantSums(linear, known.get(x!)) : undefined
    return sums == null ? undefined : { axis: linear.resultAxis, of: sums }
  }
  const channelwise = channelwiseNode(node)
  if (channelwise != null) {
    const inputs = known.get(x!)
    return inputs == null && !hasZeros(channelwise.kernel) ? undefined : { axis: 1, of: constantChannels(channelwise, inputs) }
  }
  if (isElementwise(node)) return constantElements(node, known)
  const constants = x == null ? undefined : known.get(x)
  // Random numbers only take the shape.
  const move = constants == null || node.opType === 'RandomNormalLike' ? undefined : moved(node, constants.axis)
  return move == null ? undefined : spread(constants!, move)
}

function constantSums(linear: LinearNode, constants: Channels<number> | undefined): number[] {
  const { kernel, kernelIn, kernelOut, bias, inputAxis, seesAll } = linear
  const shape = kernel.shape as readonly number[]
  const inputs = constants?.axis === inputAxis ? constants.of : Array<number>(shape[kernelIn]!).fill(Number.NaN)
  const sums: number[] = bias == null ? Array<number>(shape[kernelOut]!).fill(0) : Array.from(floatsOf(bias)!)
  forEachWeight(linear, (weight, input, output) => {
    const value = inputs[input]!
    if (weight === 0 || value === 0) return
    sums[output]! += seesAll ? weight * value : Number.NaN
  })
  return sums
}

function constantChannels(
  { kernel, bias, multiplier, seesAll }: ChannelwiseNode,
  inputs: Channels<number> | undefined,
): number[] {
  const channels = kernel.shape[0] as number
  const weights = floatsOf(kernel)!
  const taps = weights.length / channels
  const added = bias == null ? undefined : floatsOf(bias)!
  return Array.from({ length: channels }, (_, channel) => {
    const own = weights.subarray(channel * taps, (channel + 1) * taps)
    const before = inputs?.axis === 1 ? inputs.of[Math.floor(channel / multiplier)]! : Number.NaN
    const isDead = before === 0 || own.every((weight) => weight === 0)
    // Where a window reaches beyond the border, the sum is another there.
    const sum = isDead ? 0 : seesAll ? before * own.reduce((total, weight) => total + weight, 0) : Number.NaN
    return (added?.[channel] ?? 0) + sum
  })
}

function constantElements(node: Node, known: ReadonlyMap<Value, Channels<number>>): Channels<number> | undefined {
  const [output] = node.outputs
  const present = node.inputs.filter((input) => input != null)
  const axes = present.flatMap((input) => {
    const constants = known.get(input)
    return constants == null ? [] : [constants.axis + output!.rank - input.rank]
  })
  const [axis] = axes
  const size = axis == null ? undefined : output!.shape[axis]
  if (axis == null || axes.some((other) => other !== axis) || typeof size !== 'number') return undefined
  const columns = present.map((input) => columnOf(input, known, output!.rank, axis, size))
  const of = Array.from({ length: size }, (_, channel) =>
    scalarResult(
      node.opType,
      columns.map((column) => column[channel]!),
      node.attributes,
    ),
  )
  return { axis, of }
}

/** An operand's number for each channel; NaN where it has several. */
function columnOf(
  value: Value,
  known: ReadonlyMap<Value, Channels<number>>,
  rank: number,
  axis: number,
  size: number,
): readonly number[] {
  const nothing = Array<number>(size).fill(Number.NaN)
  const constants = known.get(value)
  const own = axis - (rank - value.rank)
  if (constants != null) return constants.axis === own && constants.of.length === size ? constants.of : nothing
  const data = floatsOf(value)
  if (data == null) return nothing
  if (data.length === 1) return Array<number>(size).fill(data[0]!)
  return value.shape.every((length, index) => length === (index === own ? size : 1)) ? Array.from(data) : nothing
}

/** Kernel and bias without the constant inputs; undefined where there is none to take out. */
function fold(linear: LinearNode, inputs: readonly number[]): readonly [Value, Value | undefined] | undefined {
  const { kernel, kernelOut, bias, seesAll } = linear
  const isFoldable = (value: number): boolean => value === 0 || (!Number.isNaN(value) && seesAll)
  const weights = floatsOf(kernel)!.slice()
  const added = new Float64Array(kernel.shape[kernelOut] as number)
  let changed = false
  forEachWeight(linear, (weight, input, output, index) => {
    const value = inputs[input]!
    if (weight === 0 || !isFoldable(value)) return
    weights[index] = 0
    added[output]! += weight * value
    changed = true
  })
  if (!changed) return undefined
  const newKernel = storedLike(kernel, weights, kernel.shape as readonly number[])
  if (added.every((value) => value === 0)) return [newKernel, bias]
  const before = floatsOf(bias)
  const sums = Float32Array.from(added, (value, output) => value + (before?.[output] ?? 0))
  return [newKernel, storedLike(bias ?? kernel, sums, [sums.length], bias?.hint ?? `${kernel.hint}/constant`)]
}
