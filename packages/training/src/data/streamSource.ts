import * as tf from '@tensorflow/tfjs'
import { requireSameRows } from '../checks/data.ts'
import { requireInputShape } from '../checks/model.ts'
import { ShapeMismatchError, StreamLengthError } from '../errors.ts'
import type { Likelihood } from '../likelihoods/likelihood.ts'
import { weightedLikelihood } from '../likelihoods/weightedLikelihood.ts'
import type { BatchSource } from './batchSource.ts'
import { type LabelledData, preparedRows, requireMaskable } from './labelledData.ts'
import { type Rows, shapeOf } from './rows.ts'

/** A batch as `tf.data` names its parts, or as the rest of this package does; tensors become the run's, which disposes of them. */
export type StreamBatch = LabelledData | (Omit<LabelledData, 'x' | 'y'> & { readonly xs: Rows; readonly ys: Rows })

/**
 * Batches that come from somewhere else than two tensors: a `tf.data.Dataset` of batches, or a function that gives those of an epoch.
 *
 * The order is the stream's affair: the same seed gives the same bits only where the same epoch gives the same batches.
 */
export interface TrainingStream {
  readonly stream: tf.data.Dataset<tf.TensorContainer> | ((epoch: number) => AsyncIterable<StreamBatch> | Iterable<StreamBatch>)
  /** Batches that make an epoch, where the stream goes on for ever or its batches are not `batchSize` long; default `datasetSize / batchSize`, rounded up. */
  readonly batchesPerEpoch?: number
  /** Held-out rows, scored after each epoch. */
  readonly validation?: LabelledData
}

export interface StreamSourceOptions {
  readonly model: tf.LayersModel
  readonly likelihood: Likelihood
  readonly datasetSize: number
  readonly batches: number
}

/** Checks each batch as it comes, and holds the stream to what was said about it. */
export function streamSource({ stream }: TrainingStream, options: StreamSourceOptions): BatchSource {
  const { likelihood, datasetSize, batches } = options
  // Whether batches come with weights or a mask is not known before the first; without them they count once.
  const weighted = weightedLikelihood(likelihood, { weights: true, mask: likelihood.elements !== undefined })
  return {
    rows: datasetSize,
    batches,
    likelihood: weighted.likelihood,
    indexed: false,
    async *epoch(epoch, first) {
      const iterator = await iteratorOf(stream, epoch)
      let seen = 0
      try {
        for (let batch = 0; batch < batches; batch++) {
          const next = await iterator.next()
          if (next.done) throw new StreamLengthError(`The stream ended after ${batch} of ${batches} batches of epoch ${epoch}.`)
          const data = named(next.value)
          let x: tf.Tensor | undefined
          try {
            const rows = shapeOf(data.x)[0] ?? 0
            seen += rows
            if (batch < first) continue
            const what = `batch ${batch} of epoch ${epoch}`
            requireBatch(what, data, seen, options)
            const prepared = await preparedRows(what, data, likelihood, options.model, weighted)
            x = prepared.x
            const inputs = [x, prepared.y]
            yield { batch, rows, inputs, dispose: () => tf.dispose(inputs) }
          } finally {
            disposeOf(data, x)
          }
        }
      } finally {
        await iterator.return?.()
      }
    },
    fingerprint: async () => `stream of ${datasetSize} rows in ${batches} batches`,
    dispose: () => {},
  }
}

function requireBatch(
  what: string,
  data: LabelledData,
  seen: number,
  { model, likelihood, datasetSize }: StreamSourceOptions,
): void {
  requireSameRows(what, data.x, data.y)
  requireInputShape(`${what}.x`, data.x, model)
  requireMaskable(what, data, likelihood)
  if (seen <= datasetSize) return
  const expected = `no more than ${datasetSize} rows in an epoch, the datasetSize; with it there are ${seen}`
  throw new ShapeMismatchError(`${what}.x`, shapeOf(data.x), expected)
}

function named(batch: StreamBatch): LabelledData {
  if (!('xs' in batch)) return batch
  const { xs, ys, ...rest } = batch
  return { x: xs, y: ys, ...rest }
}

function disposeOf({ x, y, weights, mask }: LabelledData, but: tf.Tensor | undefined): void {
  for (const rows of [x, y, weights, mask]) if (rows instanceof tf.Tensor && rows !== but) rows.dispose()
}

async function iteratorOf(
  stream: TrainingStream['stream'],
  epoch: number,
): Promise<AsyncIterator<StreamBatch> | Iterator<StreamBatch>> {
  if (typeof stream !== 'function') {
    const dataset = await stream.iterator()
    return { next: async () => (await dataset.next()) as IteratorResult<StreamBatch> }
  }
  const iterable = stream(epoch)
  return Symbol.asyncIterator in iterable ? iterable[Symbol.asyncIterator]() : iterable[Symbol.iterator]()
}
