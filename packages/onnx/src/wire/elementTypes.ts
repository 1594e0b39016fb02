import type { ElementType, TensorData } from '../ir/value.ts'

/** Numbers of TensorProto.DataType. */
export const ELEMENT_TYPE_NUMBERS: Readonly<Record<ElementType, number>> = {
  float: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  double: 11,
  uint32: 12,
  uint64: 13,
}

/** The element type of a TensorProto.DataType number; undefined for those that this package does not read. */
export function elementTypeOf(number: number | undefined): ElementType | undefined {
  return (Object.keys(ELEMENT_TYPE_NUMBERS) as ElementType[]).find((type) => ELEMENT_TYPE_NUMBERS[type] === number)
}

type TensorDataConstructor = new (buffer: ArrayBuffer) => TensorData

/** The arrays that hold an initializer's elements; an element type that is not here cannot be an initializer. */
export const ARRAYS: Readonly<Partial<Record<ElementType, TensorDataConstructor & { readonly BYTES_PER_ELEMENT: number }>>> = {
  float: Float32Array,
  double: Float64Array,
  int64: BigInt64Array,
  int32: Int32Array,
  float16: Uint16Array,
  bool: Uint8Array,
}
