import type { Graph } from '../../ir/graph.ts'
import type { Node } from '../../ir/node.ts'
import type { Value } from '../../ir/value.ts'
import { type Channels, gathered, isElementwise, moved, origin } from './channels.ts'
import { channelwiseNode, forEachWeight, hasZeros, type LinearNode, linearNode } from './linearNode.ts'

/** Which channels of a value anything needs. */
export type Demand = 'all' | Channels<boolean>

/**
 * Goes through a graph from its end and finds for each value which of its channels are needed.
 *
 * @returns a demand for each computed value and input that anything needs
 */
export function demandsOf(graph: Graph): ReadonlyMap<Value, Demand> {
  const demands = new Map<Value, Demand>()
  const demand = (value: Value | undefined, own: Demand): void => {
    if (value == null || value.data != null) return
    const earlier = demands.get(value)
    demands.set(value, earlier == null ? own : joined(earlier, own))
  }
  for (const { value } of graph.outputs) demand(value, 'all')
  for (const node of graph.nodes.toReversed()) {
    const own = node.outputs.length === 1 ? demands.get(node.outputs[0]!) : 'all'
    if (own == null) continue
    node.inputs.forEach((input, index) => {
      const wanted = input == null ? undefined : demandOn(node, index, own)
      if (wanted != null) demand(input, wanted)
    })
  }
  return demands
}

/** What a node needs of one of its inputs; undefined: no channel, but the sizes of other axes. */
function demandOn(node: Node, index: number, own: Demand): Demand | undefined {
  const input = node.inputs[index]!
  const linear = linearNode(node)
  if (linear != null) return index === 0 ? needed({ axis: linear.inputAxis, of: liveInputs(linear, own) }) : 'all'
  if (readsLeadingSize(node)) return undefined
  if (own === 'all') return 'all'
  const channelwise = channelwiseNode(node)
  if (channelwise != null) {
    const { multiplier } = channelwise
    const makes = { axis: 1, outer: 1, inner: multiplier }
    return index === 0 && own.axis === 1 ? needed({ axis: 1, of: gathered(own.of, makes, own.of.length / multiplier) }) : 'all'
  }
  if (isElementwise(node)) {
    const axis = own.axis - (node.outputs[0]!.rank - input.rank)
    return axis < 0 || input.shape[axis] === 1 ? 'all' : { axis, of: own.of }
  }
  if (index > 0) return 'all'
  const channels = (from: number): number => input.shape[from] as number
  const from = origin(node, own.axis, (move, axis) => gathered(own.of, move, channels(axis)).filter(Boolean).length)
  const move = from == null ? undefined : moved(node, from)
  return from == null || move == null ? 'all' : needed({ axis: from, of: gathered(own.of, move, channels(from)) })
}

/** Whether a node only reads off how many draws or rows a tensor has. */
export function readsLeadingSize({ opType, attributes }: Node): boolean {
  return opType === 'Shape' && attributes['start'] === 0n && attributes['end'] === 1n
}

/** An input is live where one of its weights that lead to a live output is not 0. */
function liveInputs(linear: LinearNode, own: Demand): boolean[] {
  const { kernel, kernelIn, kernelOut, resultAxis } = linear
  const everyInput = Array<boolean>(kernel.shape[kernelIn] as number).fill(true)
  if (!hasZeros(kernel)) return everyInput
  const isLive = own !== 'all' && own.axis === resultAxis ? own.of : Array<boolean>(kernel.shape[kernelOut] as number).fill(true)
  const live = everyInput.fill(false)
  forEachWeight(linear, (weight, input, output) => {
    if (weight !== 0 && isLive[output]!) live[input] = true
  })
  return live
}

/** No tensor without elements: one channel always stays. */
function needed({ axis, of }: Channels<boolean>): Demand {
  if (of.every(Boolean)) return 'all'
  return { axis, of: of.some(Boolean) ? of : of.map((_, channel) => channel === 0) }
}

function joined(a: Demand, b: Demand): Demand {
  if (a === 'all' || b === 'all' || a.axis !== b.axis) return 'all'
  return needed({ axis: a.axis, of: a.of.map((live, channel) => live || b.of[channel]!) })
}
