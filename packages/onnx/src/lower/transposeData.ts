import type { TensorData } from '../ir/value.ts'

/** Elements in row-major order and their shape. */
interface Elements<Data extends TensorData> {
  readonly data: Data
  readonly shape: readonly number[]
}

/**
 * The transpose of a tensor that is stored in a file.
 *
 * @param order axis i of the result is axis order[i] of the tensor
 * @returns a new array of the same type
 */
export function transposeData<Data extends TensorData>(
  { data, shape }: Elements<Data>,
  order: readonly number[],
): Elements<Data> {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1))
  const newShape = order.map((axis) => shape[axis]!)
  const newStrides = order.map((axis) => strides[axis]!)
  const result = data.slice() as Data
  const index = newShape.map(() => 0)
  let source = 0
  for (let target = 0; target < result.length; target++) {
    result[target] = data[source]!
    // Counts up like an odometer, the last axis first.
    for (let axis = newShape.length - 1; axis >= 0; axis--) {
      index[axis]!++
      source += newStrides[axis]!
      if (index[axis]! < newShape[axis]!) break
      source -= newStrides[axis]! * newShape[axis]!
      index[axis] = 0
    }
  }
  return { data: result, shape: newShape }
}
