import * as tf from '@tensorflow/tfjs'
import { dataFingerprint } from '../checkpoint/dataFingerprint.ts'
import { batchRanges } from '../loop/batchRanges.ts'
import { shuffledOrder } from '../random/shuffledOrder.ts'
import type { BatchSource } from './batchSource.ts'
import type { PreparedData } from './preparedData.ts'

/** Batches of two tensors, which it takes over, in a new random order each epoch: the indices of one batch at a time, not the whole data set in its new order. */
export function tensorSource(data: PreparedData, batchSize: number, seed: number): BatchSource {
  const { x, y, likelihood } = data
  const rows = x.shape[0]!
  const ranges = batchRanges(rows, batchSize)
  return {
    rows,
    batches: ranges.length,
    likelihood,
    indexed: true,
    async *epoch(epoch, first) {
      const order = shuffledOrder(rows, seed, epoch)
      for (const { batch, start, rows: batchRows } of ranges.slice(first)) {
        const indices = tf.tensor1d(order.subarray(start, start + batchRows), 'int32')
        yield { batch, rows: batchRows, inputs: [x, y, indices], dispose: () => indices.dispose() }
      }
    },
    fingerprint: () => dataFingerprint(data),
    dispose: () => data.dispose(),
  }
}
