import { type Graph, initializersOf } from './graph.ts'
import { bodiesOf, type Node } from './node.ts'
import type { Value } from './value.ts'

/** The names of a finished graph, each unique among its kind. */
export interface GraphNames {
  readonly values: ReadonlyMap<Value, string>
  readonly nodes: ReadonlyMap<Node, string>
}

/**
 * Gives every value and node its name: ports first, then hints in the graph's order; a hint that is taken gets the first free `_1`, `_2`, ...
 * Nothing but the graph's structure and hints decides, so the same graph has the same names.
 *
 * @param graph a graph that satisfies the invariants
 * @returns the names
 */
export function nameGraph(graph: Graph): GraphNames {
  const values = new Map<Value, string>()
  const takenValues = new Set<string>()
  for (const { name, value } of [...graph.inputs, ...graph.outputs]) {
    values.set(value, name)
    takenValues.add(name)
  }
  const nodes = new Map<Node, string>()
  const takenNodes = new Set<string>()
  const nameValues = (found: readonly Value[]): void => {
    for (const value of found) if (!values.has(value)) values.set(value, freeName(value.hint, takenValues))
  }
  nameValues(initializersOf(graph))
  // ONNX wants no name of a body to hide one outside.
  const nameNodes = (part: Graph): void => {
    nameValues(part.inputs.map((port) => port.value))
    for (const node of part.nodes) nodes.set(node, freeName(node.hint, takenNodes))
    for (const node of part.nodes) nameValues(node.outputs)
    for (const node of part.nodes) bodiesOf(node).forEach(nameNodes)
  }
  nameNodes(graph)
  return { values, nodes }
}

function freeName(hint: string, taken: Set<string>): string {
  let name = hint
  for (let suffix = 1; taken.has(name); suffix++) name = `${hint}_${suffix}`
  taken.add(name)
  return name
}
