import type * as tf from '@tensorflow/tfjs'
import type { FallbackReason } from './fallbackReason.ts'
import type { OptimizerState } from './optimizerState.ts'
import type { ResultParts } from './stepResult.ts'
import type { GraphAttribute, TensorValue } from './wire/graphDef.ts'

/** Where a tensor of a step comes from: an output of a node. */
export interface Value {
  readonly node: RecordedNode
  readonly output: number
}

interface Source {
  readonly dtype: number
  readonly shape: readonly number[]
}

/** An argument of the step. */
export interface ArgumentNode extends Source {
  readonly kind: 'argument'
  readonly index: number
}

/** The value of a variable when the step starts. */
export interface VariableNode extends Source {
  readonly kind: 'variable'
  readonly variable: tf.Variable
}

/** A tensor made from JavaScript values while the step runs. */
interface ConstantNode extends Source {
  readonly kind: 'constant'
  readonly tensor: TensorValue
  readonly trace: Error
}

/** A tensor made before the step that is neither argument nor variable. */
export interface CapturedNode extends Source {
  readonly kind: 'captured'
  /** The native id in the step: the same tensor has the same one for ever. */
  readonly id: number
  /** Values of a small one, which the graph copies; a large one is fed. */
  readonly tensor: TensorValue | undefined
  /** A native tensor of our own that shares the data of a large one, so that it can be fed as long as the graph lives. */
  readonly heldId: number | undefined
  readonly trace: Error
}

/** What TensorFlow executed. */
export interface OpNode {
  readonly kind: 'op'
  readonly op: string
  readonly attributes: readonly GraphAttribute[]
  readonly inputs: readonly Value[]
  readonly outputDtypes: readonly number[]
  /** What has to run before it although it takes nothing from there: the op that last used the same variable. */
  readonly after: readonly OpNode[]
  readonly trace: Error
}

/** The map of the variables that stay in TensorFlow, by their keys. */
export interface ResidentsNode extends Source {
  readonly kind: 'residents'
}

export type RecordedNode = ArgumentNode | VariableNode | ConstantNode | CapturedNode | ResidentsNode | OpNode

/** A value that the step leaves in a variable. */
export interface Update {
  readonly variable: tf.Variable
  readonly value: Value
}

/** One run of a step, as TensorFlow saw it. */
export interface Recording {
  readonly nodes: readonly RecordedNode[]
  readonly results: readonly Value[]
  /** Whether a result was given to `tf.keep`, so that no scope around the call frees it. */
  readonly kept: readonly boolean[]
  readonly form: ResultParts['form']
  readonly restore: ResultParts['restore']
  readonly updates: readonly Update[]
  /** What a tfjs optimizer keeps in JavaScript, for each one that took part. */
  readonly optimizers: readonly OptimizerState[]
  /** Why this recording cannot become a graph; empty where it can. */
  readonly problems: readonly FallbackReason[]
  readonly milliseconds: number
}

/** The element type of a value. */
export function dtypeOf({ node, output }: Value): number {
  return node.kind === 'op' ? node.outputDtypes[output]! : node.dtype
}

/** Everything that values need, themselves included. */
export function reachable(outputs: readonly Value[]): Set<RecordedNode> {
  const found = new Set<RecordedNode>()
  const waiting = outputs.map(({ node }) => node)
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (found.has(node)) continue
    found.add(node)
    if (node.kind === 'op') waiting.push(...node.inputs.map((input) => input.node), ...node.after)
  }
  return found
}
