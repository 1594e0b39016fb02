import type { Graph } from './graph.ts'
import { type TensorType, Value } from './value.ts'

/** A graph as an attribute is the body of a `Scan`: its nodes may use the initializers of the graph around it, and nothing else of it. */
export type Attribute = number | bigint | string | readonly bigint[] | readonly number[] | readonly string[] | Graph
export type Attributes = Readonly<Record<string, Attribute>>

/**
 * One operator of the graph. Integer attributes are bigints and floats are numbers, since ONNX tells the two apart; an input that is left
 * out is `undefined`.
 */
export class Node {
  readonly opType: string
  readonly inputs: readonly (Value | undefined)[]
  readonly attributes: Attributes
  readonly outputs: readonly Value[]
  /** What the name should say if it is free. */
  readonly hint: string

  constructor(
    opType: string,
    inputs: readonly (Value | undefined)[],
    attributes: Attributes,
    outputs: readonly { readonly type: TensorType; readonly hint: string }[],
    hint: string,
  ) {
    this.opType = opType
    this.inputs = inputs
    this.attributes = attributes
    this.hint = hint
    this.outputs = outputs.map(({ type, hint: valueHint }) => new Value(type, valueHint, this))
  }
}

/** Whether an attribute is a graph. */
export function isGraph(attribute: Attribute | undefined): attribute is Graph {
  return typeof attribute === 'object' && 'nodes' in attribute
}

/** The graphs inside a node. */
export function bodiesOf(node: Node): readonly Graph[] {
  return Object.keys(node.attributes)
    .sort()
    .flatMap((name) => {
      const attribute = node.attributes[name]
      return isGraph(attribute) ? [attribute] : []
    })
}
