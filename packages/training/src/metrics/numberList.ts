import type * as tf from '@tensorflow/tfjs'
import { InvalidTargetError, NonFiniteDataError, ShapeMismatchError } from '../errors.ts'

/** Numbers of any shape: a tensor, or an array; read in row-major order. */
export type Numbers = tf.Tensor | ArrayLike<number>

/** Reads numbers and refuses an empty list, another length than `length`, and entries that are not finite. */
export function numberList(what: string, numbers: Numbers, length?: number): ArrayLike<number> {
  const values = 'dataSync' in numbers ? numbers.dataSync() : numbers
  if (values.length === 0 || (length !== undefined && values.length !== length)) {
    const shape = 'shape' in numbers ? numbers.shape : [values.length]
    throw new ShapeMismatchError(what, shape, length === undefined ? 'at least one number' : `${length} numbers`)
  }
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) throw new NonFiniteDataError(what, values[i]!, [i])
  }
  return values
}

/** Reads a list of 0 and 1 (or false and true), one for each of `length` entries. */
export function flagList(what: string, flags: Numbers | readonly boolean[], length: number): ArrayLike<number> {
  const values = numberList(what, 'dataSync' in flags ? flags : Array.from(flags as ArrayLike<number | boolean>, Number), length)
  for (let i = 0; i < length; i++) {
    if (values[i] !== 0 && values[i] !== 1) throw new InvalidTargetError(what, values[i]!, i, '0 or 1')
  }
  return values
}
