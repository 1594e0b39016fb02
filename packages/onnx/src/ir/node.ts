import { type TensorType, Value } from './value.ts'

export type Attribute = number | bigint | string | readonly bigint[] | readonly number[] | readonly string[]
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
