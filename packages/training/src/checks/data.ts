import * as tf from '@tensorflow/tfjs'
import { NonFiniteDataError } from '../errors.ts'

/** Refuses a tensor with a NaN or an infinite entry and names the first one; reads values back only when there is one. */
export async function requireFinite(what: string, tensor: tf.Tensor): Promise<void> {
  if (tensor.dtype !== 'float32') return
  const allFinite = tf.tidy(() => tf.all(tf.isFinite(tensor)))
  const [finite] = await allFinite.data()
  allFinite.dispose()
  if (finite) return
  const values = await tensor.data()
  const flat = values.findIndex((value) => !Number.isFinite(value))
  throw new NonFiniteDataError(what, values[flat]!, unravel(flat, tensor.shape))
}

/** The index on each axis of an entry given by its position in row-major order. */
function unravel(flat: number, shape: readonly number[]): number[] {
  const index: number[] = []
  let rest = flat
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index.unshift(rest % shape[axis]!)
    rest = Math.floor(rest / shape[axis]!)
  }
  return index
}
