import type { Node } from './node.ts'

/** Element types by the names that ONNX's operator documents use. */
export type ElementType =
  | 'float'
  | 'uint8'
  | 'int8'
  | 'uint16'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'string'
  | 'bool'
  | 'float16'
  | 'double'
  | 'uint32'
  | 'uint64'

/** A number, or the name of a size that is known only when the graph runs; equal names are equal sizes. */
export type Dimension = number | string

export interface TensorType {
  readonly elementType: ElementType
  readonly shape: readonly Dimension[]
}

/** Elements in row-major order; float16 as its bit patterns, bool as 0 and 1. */
export type TensorData = Float32Array | Float64Array | BigInt64Array | Int32Array | Uint16Array | Uint8Array

/**
 * A tensor of the graph: an input, an initializer (it has data), or the result of a node. Compared by identity; its name is given last,
 * by `nameGraph`.
 */
export class Value {
  readonly type: TensorType
  readonly hint: string
  readonly producer: Node | undefined
  readonly data: TensorData | undefined

  /** @param hint what the name should say if it is free: `/`-separated, e.g. `hidden/mean` */
  constructor(type: TensorType, hint: string, producer?: Node, data?: TensorData) {
    this.type = type
    this.hint = hint
    this.producer = producer
    this.data = data
  }

  get shape(): readonly Dimension[] {
    return this.type.shape
  }

  get rank(): number {
    return this.type.shape.length
  }
}
