import * as tf from '@tensorflow/tfjs'
import { ShapeMismatchError } from '../errors.ts'

/** Numbers of JavaScript, without a shape. */
export type NumberArray =
  | Float32Array
  | Float64Array
  | Int32Array
  | Int16Array
  | Int8Array
  | Uint32Array
  | Uint16Array
  | Uint8Array
  | Uint8ClampedArray

/** Rows of data: a tensor, which stays the caller's; an array, one number a row; or an array in row-major order with its shape, [rows, ...]. */
export type Rows = tf.Tensor | NumberArray | { readonly values: NumberArray; readonly shape: readonly number[] }

/** Whether something is rows, and not several of them. */
export function isRows(value: unknown): value is Rows {
  if (value instanceof tf.Tensor || isNumbers(value)) return true
  return (
    typeof value === 'object' &&
    value !== null &&
    'values' in value &&
    isNumbers(value.values) &&
    'shape' in value &&
    isShape(value.shape)
  )
}

const isShape = (shape: unknown): boolean =>
  Array.isArray(shape) && shape.every((size) => Number.isSafeInteger(size) && size >= 0)

const isNumbers = (value: unknown): value is NumberArray => ArrayBuffer.isView(value) && !(value instanceof DataView)

/** The shape of rows, [rows, ...]. */
export function shapeOf(rows: Rows): readonly number[] {
  if ('shape' in rows) return rows.shape
  return [rows.length]
}

/** Refuses an array whose length is not that of its shape. */
export function requireRows(what: string, rows: Rows): void {
  if (!('values' in rows && 'shape' in rows)) return
  const { values, shape } = rows
  const size = shape.reduce((product, axis) => product * axis, 1)
  if (values.length !== size)
    throw new ShapeMismatchError(what, shape, `a shape of ${values.length} numbers, the length of its values`)
}

/**
 * Rows as a tensor: the given one, which stays whose it is, or a new one of an array, which the caller owns (see `releaseRows`).
 *
 * @param dtype of an array's numbers; default int32 for arrays of integers, float32 for others
 */
export function rowsTensor(rows: Rows, dtype?: tf.DataType): tf.Tensor {
  // A variable is no argument of a compiled step.
  if (rows instanceof tf.Tensor) return rows instanceof tf.Variable ? rows.clone() : rows
  const { values, shape } = 'shape' in rows ? rows : { values: rows, shape: [rows.length] }
  const float = values instanceof Float32Array || values instanceof Float64Array
  const wanted = dtype ?? (float ? 'float32' : 'int32')
  // tfjs takes only some kinds of arrays.
  const numbers = wanted === 'float32' ? asFloat32(values) : values instanceof Int32Array ? values : Int32Array.from(values)
  return tf.tensor(numbers, [...shape], wanted)
}

/** Disposes of what `rowsTensor` made. */
export function releaseRows(rows: Rows | undefined, tensor: tf.Tensor | undefined): void {
  if (tensor !== rows) tensor?.dispose()
}

const asFloat32 = (values: NumberArray): Float32Array => (values instanceof Float32Array ? values : Float32Array.from(values))
