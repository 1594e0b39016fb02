import type * as tf from '@tensorflow/tfjs'
import {
  type ArgumentNode,
  type CapturedNode,
  dtypeOf,
  type OpNode,
  type RecordedNode,
  type Recording,
  type Value,
  type VariableNode,
} from './recording.ts'
import { encodeNode, type GraphAttribute, type GraphNode } from './wire/graphDef.ts'

/** A node of the graph, beside what it was recorded from (nothing for the Identity in front of an output). */
export interface StepNode {
  readonly node: GraphNode
  readonly encoded: Uint8Array
  readonly origin: RecordedNode | undefined
}

/** What has to be handed to the graph at each run, under a name. */
export interface Feed {
  readonly name: string
  readonly source: ArgumentNode | VariableNode | CapturedNode
}

/** A recorded step as a TensorFlow graph: the nodes that results and updates need, in the order of their execution. */
export interface StepGraph {
  readonly nodes: readonly StepNode[]
  readonly feeds: readonly Feed[]
  /** Names of the results, then of the variables' new values. */
  readonly fetches: readonly string[]
  readonly updated: readonly tf.Variable[]
  readonly recording: Recording
}

/** Attributes that tfjs-node leaves to eager execution to infer, which a graph wants written: the element type of an input. */
const INFERRED_TYPE: Readonly<Record<string, { readonly name: string; readonly input: number }>> = {
  ExpandDims: { name: 'T', input: 0 },
}

/** Makes the graph of a recording. Two recordings of the same computation give the same bytes. */
export function buildStepGraph(recording: Recording): StepGraph {
  const outputs = [...recording.results, ...recording.updates.map(({ value }) => value)]
  const needed = reachable(outputs)
  const names = new Map<RecordedNode, string>()
  const nodes: StepNode[] = []
  const feeds: Feed[] = []
  const add = (node: GraphNode, origin: RecordedNode | undefined) => nodes.push({ node, encoded: encodeNode(node), origin })
  const nameOf = ({ node, output }: Value) => (output === 0 ? names.get(node)! : `${names.get(node)!}:${output}`)
  for (const origin of recording.nodes) {
    if (!needed.has(origin)) continue
    const name = `${origin.kind === 'op' ? origin.op : origin.kind}_${nodes.length}`
    names.set(origin, name)
    if (origin.kind === 'op') {
      add({ name, op: origin.op, inputs: origin.inputs.map(nameOf), attributes: completeAttributes(origin) }, origin)
    } else if (origin.kind === 'constant' || (origin.kind === 'captured' && origin.tensor !== undefined)) {
      const attributes: GraphAttribute[] = [
        { name: 'dtype', kind: 'type', value: origin.dtype },
        { name: 'value', kind: 'tensor', value: origin.tensor! },
      ]
      add({ name, op: 'Const', inputs: [], attributes }, origin)
    } else {
      const attributes: GraphAttribute[] = [
        { name: 'dtype', kind: 'type', value: origin.dtype },
        { name: 'shape', kind: 'shape', value: origin.shape },
      ]
      add({ name, op: 'Placeholder', inputs: [], attributes }, origin)
      feeds.push({ name, source: origin })
    }
  }
  const fetches = outputs.map((value, index) => {
    const name = index < recording.results.length ? `result_${index}` : `update_${index - recording.results.length}`
    add(
      { name, op: 'Identity', inputs: [nameOf(value)], attributes: [{ name: 'T', kind: 'type', value: dtypeOf(value) }] },
      undefined,
    )
    return name
  })
  return { nodes, feeds, fetches, updated: recording.updates.map(({ variable }) => variable), recording }
}

function reachable(outputs: readonly Value[]): Set<RecordedNode> {
  const found = new Set<RecordedNode>()
  const waiting = outputs.map(({ node }) => node)
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (found.has(node)) continue
    found.add(node)
    if (node.kind === 'op') for (const input of node.inputs) waiting.push(input.node)
  }
  return found
}

function completeAttributes(node: OpNode): readonly GraphAttribute[] {
  const inferred = INFERRED_TYPE[node.op]
  if (inferred === undefined || node.attributes.some(({ name }) => name === inferred.name)) return node.attributes
  return [...node.attributes, { name: inferred.name, kind: 'type', value: dtypeOf(node.inputs[inferred.input]!) }]
}
