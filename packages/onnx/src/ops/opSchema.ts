import type { Attributes } from '../ir/node.ts'
import type { Dimension, ElementType, TensorType, Value } from '../ir/value.ts'

/** What this package knows about an operator of the default operator set. */
export interface OpSchema {
  /** The opset versions, up to 20, that (re)defined the operator. A kernel is matched against the one that rules at the model's opset. */
  readonly since: readonly number[]
  /** Formal inputs as `name:type`, the type a variable (`T`) or fixed (`int64`); `name*:T` takes any number, `name?:T` may be left out. */
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  /** Types of the outputs; throws ShapeError where the inputs do not fit. */
  readonly infer: (inputs: readonly (Value | undefined)[], attributes: Attributes) => readonly TensorType[]
}

/** Inputs that do not fit an operator; `inferTypes` adds the operator's name. */
export class ShapeError extends Error {}

/** The given input, which must be there. */
export function required(inputs: readonly (Value | undefined)[], index: number): Value {
  const value = inputs[index]
  if (value == null) throw new ShapeError(`input ${index} is missing`)
  return value
}

/** The integers of an input that is an initializer; undefined where the input is computed or left out. */
export function constantInts(value: Value | undefined): readonly number[] | undefined {
  return value?.data instanceof BigInt64Array ? Array.from(value.data, Number) : undefined
}

/**
 * The sizes that a one-dimensional int64 value stands for: an initializer's numbers, the axes that `Shape` reads off a tensor, a graph
 * input of one element as the symbol of its name, and what `Concat` makes of these. Undefined for anything else.
 */
export function sizesOf(value: Value): readonly Dimension[] | undefined {
  const constant = constantInts(value)
  if (constant != null) return constant
  const node = value.producer
  if (node == null) return value.rank === 1 && value.shape[0] === 1 ? [value.hint] : undefined
  if (node.opType === 'Shape') {
    const { start = 0n, end } = node.attributes
    return required(node.inputs, 0).shape.slice(Number(start), end == null ? undefined : Number(end))
  }
  if (node.opType !== 'Concat') return undefined
  const parts = node.inputs.map((_, index) => sizesOf(required(node.inputs, index)))
  return parts.every((part) => part != null) ? parts.flat() : undefined
}

/** The float type of a TensorProto.DataType number. */
export function floatTypeOf(dtype: bigint): ElementType {
  const type = numberTypeOf(dtype)
  if (type === 'int32' || type === 'int64') throw new ShapeError(`element type ${dtype}`)
  return type
}

/** The type of numbers of a TensorProto.DataType number. */
export function numberTypeOf(dtype: bigint): ElementType {
  const type = ({ 1: 'float', 6: 'int32', 7: 'int64', 10: 'float16', 11: 'double' } as const)[Number(dtype)]
  if (type == null) throw new ShapeError(`element type ${dtype}`)
  return type
}
