import type { Graph, Port } from '../ir/graph.ts'
import type { Node } from '../ir/node.ts'
import type { Tape } from '../ir/tape.ts'
import type { Value } from '../ir/value.ts'

/** What stands for a node's results: pairs of an old value and a new one; `skipped` where others see to that; undefined: the node as it is. */
export type Replacement = readonly (readonly [Value, Value])[] | 'skipped' | undefined

/**
 * Records a graph anew, with other nodes for some.
 *
 * @param replace gets each node and its inputs in the new graph
 * @returns the outputs in the new graph
 */
export function replay(
  graph: Graph,
  tape: Tape,
  replace: (node: Node, inputs: readonly (Value | undefined)[]) => Replacement,
): readonly Port[] {
  const values = new Map<Value, Value>()
  const newValueOf = (value: Value): Value => values.get(value) ?? value
  for (const { name, value } of graph.inputs) values.set(value, tape.input(name, value.type.elementType, value.shape))
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((input) => (input == null ? undefined : newValueOf(input)))
    const replacement = replace(node, inputs)
    if (replacement === 'skipped') continue
    const pairs =
      replacement ??
      tape.ops(node.opType, inputs, node.attributes, node.hint).map((value, index) => [node.outputs[index]!, value] as const)
    for (const [old, value] of pairs) values.set(old, value)
  }
  return graph.outputs.map(({ name, value }) => ({ name, value: newValueOf(value) }))
}
