import * as tf from '@tensorflow/tfjs'
import type { PreparedData } from '../data/preparedData.ts'

/** Rows that are looked at, spread evenly; enough to tell another data set or another order from this one. */
const ROWS = 64

/**
 * Shape of the data, and a hash (FNV-1a) of some of their rows.
 *
 * @param data x and y, as they are trained on
 */
export async function dataFingerprint({ x, y }: Pick<PreparedData, 'x' | 'y'>): Promise<string> {
  const rows = x.shape[0]!
  const taken = tf.tensor1d(
    Array.from({ length: Math.min(ROWS, rows) }, (_, i) => Math.floor((i * rows) / Math.min(ROWS, rows))),
    'int32',
  )
  let hash = 0x811c9dc5
  for (const tensor of [x, y]) {
    const part = tf.gather(tensor, taken)
    const values = await part.data()
    part.dispose()
    for (const byte of new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
      hash = Math.imul(hash ^ byte, 0x01000193)
  }
  taken.dispose()
  return `x [${x.shape}] y [${y.shape}] ${(hash >>> 0).toString(16)}`
}
