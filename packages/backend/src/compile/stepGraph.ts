import type * as tf from '@tensorflow/tfjs'
import { inferredTypes, outputName } from './opDefinition.ts'
import {
  type ArgumentNode,
  type CapturedNode,
  dtypeOf,
  type OpNode,
  type RecordedNode,
  type Recording,
  type ResidentsNode,
  reachable,
  type Value,
  type VariableNode,
} from './recording.ts'
import {
  DT_RESOURCE,
  DT_VARIANT,
  encodeConfigWithoutRewriting,
  encodeGraph,
  encodeNode,
  type GraphAttribute,
  type GraphNode,
} from './wire/graphDef.ts'

/** A node of the step's function, beside what it was recorded from. */
export interface StepNode {
  readonly node: GraphNode
  readonly encoded: Uint8Array
  readonly origin: RecordedNode
}

type FedNode = ArgumentNode | VariableNode | CapturedNode | ResidentsNode

/** What has to be handed to the graph at each run, under a name. */
interface Feed {
  readonly name: string
  readonly source: FedNode
}

/** A recorded step as a function of TensorFlow: the nodes that results and updates need, in the order of their execution. */
export interface StepGraph {
  readonly nodes: readonly StepNode[]
  /** The function's arguments. */
  readonly feeds: readonly Feed[]
  /** What the function returns: the results, then the variables' new values. */
  readonly outputs: readonly { readonly source: string; readonly dtype: number }[]
  readonly updated: readonly tf.Variable[]
  readonly recording: Recording
}

const FUNCTION_NAME = 'step'
const CALL_NAME = 'call'

/** A character a byte. */
const latin1 = new TextDecoder('latin1')

/**
 * Makes the function of a recording. Two recordings of the same computation give the same bytes.
 *
 * @param repetitions what becomes of ops that compute the same from the same: kept as they were recorded (the default), or computed once. A quarter of
 *   a training step's nodes repeat others (constants above all, but passes over the weights too), and since the kernel is the same, so are the bits.
 */
export function buildStepGraph(recording: Recording, repetitions: 'keep' | 'merge' = 'keep'): StepGraph {
  const outputs = [...recording.results, ...recording.updates.map(({ value }) => value)]
  const needed = reachable(outputs)
  const names = new Map<RecordedNode, string>()
  const known = new Map<string, string>()
  const nodes: StepNode[] = []
  const feeds: Feed[] = []
  const referenceTo = ({ node, output }: Value) => {
    const name = names.get(node)!
    if (node.kind === 'op') return `${name}:${outputName(node.op, output)}`
    return isFed(node) ? name : `${name}:output:0`
  }
  const emit = (origin: RecordedNode) => {
    const name = `${origin.kind === 'op' ? origin.op : origin.kind}_${names.size}`
    const after = origin.kind === 'op' ? origin.after.map((node) => `^${names.get(node)}`) : []
    const node = bodyNode(name, origin, referenceTo, after)
    if (repetitions === 'merge' && isRepeatable(origin)) {
      const computation = latin1.decode(encodeNode({ ...node, name: '' }))
      const first = known.get(computation)
      names.set(origin, first ?? name)
      if (first !== undefined) return
      known.set(computation, name)
    }
    names.set(origin, name)
    nodes.push({ node, encoded: encodeNode(node), origin })
    if (isFed(origin)) feeds.push({ name, source: origin })
  }
  // Ops in the order of their execution, and what they start from just before its first use: it may have been made at any time.
  for (const origin of recording.nodes) {
    if (origin.kind !== 'op' || !needed.has(origin)) continue
    for (const { node } of origin.inputs) if (!names.has(node)) emit(node)
    emit(origin)
  }
  for (const { node } of outputs) if (!names.has(node)) emit(node)
  return {
    nodes,
    feeds,
    outputs: outputs.map((value) => ({ source: referenceTo(value), dtype: dtypeOf(value) })),
    updated: recording.updates.map(({ variable }) => variable),
    recording,
  }
}

/**
 * Encodes a graph that calls the function. Left to itself TensorFlow would rewrite the step (x / sqrt(y) becomes x * rsqrt(y), sums are
 * reordered) and its numbers would no longer be those of eager execution. A session of tfjs-node takes no options, but a call of a function brings its
 * own, and a function marked as one of tf.data is not touched on the way.
 */
export function encodeStepGraph({ nodes, feeds, outputs }: StepGraph): Uint8Array {
  const inputs = feeds.map(({ name, source }) => ({ name, dtype: source.dtype }))
  const placeholders = nodes.filter(({ origin }) => isFed(origin)).map(({ node }) => node)
  const body = nodes.filter(({ origin }) => !isFed(origin)).map(({ encoded }) => encoded)
  const call: GraphNode = {
    name: CALL_NAME,
    op: 'StatefulPartitionedCall',
    inputs: feeds.map(({ name }) => name),
    attributes: [
      { name: 'Tin', kind: 'types', value: inputs.map(({ dtype }) => dtype) },
      { name: 'Tout', kind: 'types', value: outputs.map(({ dtype }) => dtype) },
      { name: 'f', kind: 'function', value: FUNCTION_NAME },
      { name: 'config_proto', kind: 'string', value: encodeConfigWithoutRewriting() },
    ],
  }
  return encodeGraph([...placeholders, call], {
    name: FUNCTION_NAME,
    inputs,
    outputs: outputs.map((output, index) => ({ name: `output_${index}`, ...output })),
    nodes: body,
    flags: ['_noinline', '_tf_data_function'],
  })
}

/** The names under which a run fetches the function's outputs. */
export function fetchNames({ outputs }: StepGraph): string[] {
  return outputs.map((_, index) => `${CALL_NAME}:${index}`)
}

function isFed(node: RecordedNode): node is FedNode {
  if (node.kind === 'captured') return node.tensor === undefined
  return node.kind !== 'constant' && node.kind !== 'op'
}

/** Ops that give other numbers at each run; of those that are not stateless, a graph holds no others. */
const DRAW = /^(?!Stateless).*(Random|Multinomial)/

/** Whether a node gives the same whenever it gets the same: not what works on variables, has an order to keep, or draws numbers. */
function isRepeatable(origin: RecordedNode): boolean {
  if (origin.kind !== 'op') return origin.kind === 'constant'
  const dtypes = [...origin.outputDtypes, ...origin.inputs.map(dtypeOf)]
  return (
    !DRAW.test(origin.op) && origin.after.length === 0 && !dtypes.some((dtype) => dtype === DT_RESOURCE || dtype === DT_VARIANT)
  )
}

function bodyNode(
  name: string,
  origin: RecordedNode,
  referenceTo: (value: Value) => string,
  after: readonly string[],
): GraphNode {
  if (origin.kind === 'op') {
    const inputs = [...origin.inputs.map(referenceTo), ...after]
    return { name, op: origin.op, inputs, attributes: completeAttributes(origin) }
  }
  const dtype: GraphAttribute = { name: 'dtype', kind: 'type', value: origin.dtype }
  if (isFed(origin))
    return { name, op: 'Placeholder', inputs: [], attributes: [dtype, { name: 'shape', kind: 'shape', value: origin.shape }] }
  return { name, op: 'Const', inputs: [], attributes: [dtype, { name: 'value', kind: 'tensor', value: origin.tensor! }] }
}

function completeAttributes(node: OpNode): readonly GraphAttribute[] {
  const types = inferredTypes(node.op, node.inputs.map(dtypeOf))
  const others = node.attributes.filter(({ name }) => !types.has(name))
  return [...others, ...Array.from(types, ([name, value]): GraphAttribute => ({ name, kind: 'type', value }))]
}
