import { bodiesOf, type Node } from './node.ts'
import type { Value } from './value.ts'

/** A value that the graph's caller sees, under a name that is part of the file's interface. */
export interface Port {
  readonly name: string
  readonly value: Value
}

/** Nodes in an order in which they can run. Initializers are the values with data that the nodes refer to. */
export interface Graph {
  readonly name: string
  readonly inputs: readonly Port[]
  readonly outputs: readonly Port[]
  readonly nodes: readonly Node[]
}

/** A graph, the operator set that it is written in, and what the file says about itself. */
export interface OnnxModel {
  readonly graph: Graph
  readonly opset: number
  readonly metadata: Readonly<Record<string, string>>
}

/**
 * The initializers of a graph, and of the bodies within it, in the order of their first use.
 *
 * @param graph a whole graph
 * @returns each value with data once
 */
export function initializersOf(graph: Graph): readonly Value[] {
  const used = graph.nodes.flatMap((node) => [...node.inputs, ...bodiesOf(node).flatMap(initializersOf)])
  return [...new Set([...used, ...graph.outputs.map((port) => port.value)])].filter(
    (value): value is Value => value?.data != null,
  )
}

/**
 * Leaves out the nodes that no output needs.
 *
 * @param graph a whole graph
 * @returns the same graph with the live nodes, in the same order
 */
export function withoutDeadNodes(graph: Graph): Graph {
  const live = new Set<Node>()
  const pending = graph.outputs.map((port) => port.value)
  for (let value = pending.pop(); value != null; value = pending.pop()) {
    const node = value.producer
    if (node == null || live.has(node)) continue
    live.add(node)
    for (const input of node.inputs) if (input != null) pending.push(input)
  }
  return { ...graph, nodes: graph.nodes.filter((node) => live.has(node)) }
}
