import type * as tf from '@tensorflow/tfjs'
import { type OpNode, type RecordedNode, type Recording, reachable, type Value, type VariableNode } from './recording.ts'
import { DT_INT32, DT_RESOURCE, DT_VARIANT, type GraphAttribute } from './wire/graphDef.ts'

/** A recording that updates variables in place, and those variables: the place of one in the list is its key in the map that is fed. */
export interface ResidentRecording {
  readonly recording: Recording
  readonly residents: readonly tf.Variable[]
}

/** A variable that the step puts into a variable of TensorFlow, has updated there and takes out again. */
interface RoundTrip {
  readonly start: VariableNode
  readonly handle: OpNode
  readonly assign: OpNode
}

/**
 * Rewrites a recording so that what takes a round trip through a variable of TensorFlow in each step (`adamUpdate` does that) stays in one from step to
 * step. The optimizer then writes into it, where it has to copy what is fed.
 *
 * No update starts before everything else in the step is done: each op sees the values from before the step, and one that fails leaves them.
 *
 * @returns undefined where there is no such variable, or something else in the step needs what the updates made
 */
export function withResidentVariables(recording: Recording): ResidentRecording | undefined {
  const trips = recording.updates.flatMap((update) => roundTrip(update.variable, update.value) ?? [])
  const handles = new Set<RecordedNode>(trips.map(({ handle }) => handle))
  const dropped = new Set<RecordedNode>(trips.flatMap(({ start, handle, assign }) => [start, handle, assign]))
  const outputs = [...recording.results, ...recording.updates.map(({ value }) => value)]
  const needed = reachable(outputs)
  const rest = recording.nodes.filter((node) => needed.has(node) && !dropped.has(node))
  const late = new Set<RecordedNode>()
  for (const node of rest) if (node.kind === 'op' && isLate(node, handles, late)) late.add(node)
  if (trips.length === 0 || recording.results.some(({ node }) => late.has(node)) || ![...late].every(cannotFail)) return undefined

  const map: RecordedNode = { kind: 'residents', dtype: DT_VARIANT, shape: [] }
  const nodes: RecordedNode[] = []
  const replaced = new Map<RecordedNode, RecordedNode>()
  const replaceNode = (node: RecordedNode): RecordedNode => replaced.get(node) ?? node
  const replace = ({ node, output }: Value): Value => ({ node: replaceNode(node), output })
  const copyOf = (node: RecordedNode, after: (node: OpNode) => RecordedNode): RecordedNode => {
    if (node.kind !== 'op') return node
    const copy = { ...node, inputs: node.inputs.map(replace), after: node.after.map((other) => after(other) as OpNode) }
    replaced.set(node, copy)
    return copy
  }
  const reads = new Set<RecordedNode>()
  for (const [key, { start, handle, assign }] of trips.entries()) {
    const lookUp = lookUpOf(key, map, assign)
    const read = readOf(start.dtype, lookUp, assign)
    replaced.set(handle, lookUp).set(start, read)
    reads.add(read)
    nodes.push(lookUp, read)
  }
  for (const node of rest) if (!late.has(node)) nodes.push(copyOf(node, replaceNode))
  const lateInputs = [...late].flatMap((node) => (node as OpNode).inputs)
  const finished = new Set(
    [...outputs, ...lateInputs]
      .map(({ node }) => node)
      .filter((node) => !late.has(node))
      .map(replaceNode),
  )
  const early = nodes.filter(
    (node): node is OpNode =>
      node.kind === 'op' && (reads.has(node) || finished.has(node) || node.inputs.some((input) => reads.has(input.node))),
  )
  const barrier: OpNode = { ...trips[0]!.assign, op: 'NoOp', attributes: [], inputs: [], outputDtypes: [], after: early }
  nodes.push(barrier)
  for (const node of late) nodes.push(copyOf(node, (other) => (dropped.has(other) ? barrier : replaceNode(other))))
  return {
    residents: trips.map(({ start }) => start.variable),
    recording: {
      ...recording,
      nodes,
      results: recording.results.map(replace),
      updates: recording.updates.map(({ variable, value }) => ({ variable, value: replace(value) })),
    },
  }
}

/** The way of a variable's value, where it is this one: its start, AssignVariableOp, updates, ReadVariableOp. */
function roundTrip(variable: tf.Variable, { node: read }: Value): RoundTrip | undefined {
  if (read.kind !== 'op' || read.op !== 'ReadVariableOp') return undefined
  const handle = read.inputs[0]!.node as OpNode
  const onHandle = (node: OpNode): boolean => node.inputs.some((input) => input.node === handle)
  let first = read.after.find(onHandle)
  for (let before = first; before !== undefined; before = before.after.find(onHandle)) first = before
  const start = first?.op === 'AssignVariableOp' ? first.inputs[1]!.node : undefined
  return start?.kind === 'variable' && start.variable === variable ? { start, handle, assign: first! } : undefined
}

/** Whether an op works on a resident variable, or has to come after one that does. */
function isLate({ inputs, after }: OpNode, handles: ReadonlySet<RecordedNode>, late: ReadonlySet<RecordedNode>): boolean {
  return inputs.some(({ node }) => handles.has(node) || late.has(node)) || after.some((node) => late.has(node))
}

/** Of what comes late, updates have had their inputs checked by the eager run, and reading takes no memory. */
function cannotFail(node: RecordedNode): boolean {
  return node.kind === 'op' && (node.op === 'ResourceApplyAdam' || node.op === 'ReadVariableOp')
}

function lookUpOf(key: number, map: RecordedNode, { trace }: OpNode): OpNode {
  const tensor = { dtype: DT_INT32, shape: [], values: Int32Array.of(key) }
  const inputs = [map, { kind: 'constant', dtype: DT_INT32, shape: [], tensor, trace } as const]
  const attributes = [type('key_dtype', DT_INT32), type('value_dtype', DT_RESOURCE)]
  return operation('TensorMapLookup', attributes, inputs, DT_RESOURCE, trace)
}

function readOf(dtype: number, handle: RecordedNode, { trace }: OpNode): OpNode {
  return operation('ReadVariableOp', [type('dtype', dtype)], [handle], dtype, trace)
}

function operation(
  op: string,
  attributes: readonly GraphAttribute[],
  inputs: readonly RecordedNode[],
  outputDtype: number,
  trace: Error,
): OpNode {
  const values = inputs.map((node) => ({ node, output: 0 }))
  return { kind: 'op', op, attributes, inputs: values, outputDtypes: [outputDtype], after: [], trace }
}

function type(name: string, value: number): GraphAttribute {
  return { name, kind: 'type', value }
}
