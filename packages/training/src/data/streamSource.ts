import * as tf from '@tensorflow/tfjs'
import { requireSameRows } from '../checks/data.ts'
import { requireInputShape } from '../checks/model.ts'
import { ShapeMismatchError, StreamLengthError } from '../errors.ts'
import type { Likelihood } from '../likelihoods/likelihood.ts'
import type { BatchSource } from './batchSource.ts'
import { type LabelledData, preparedData } from './labelledData.ts'

/** A batch as `tf.data` names its parts, or as the rest of this package does; the tensors become the run's, which disposes of them. */
export type StreamBatch = Pick<LabelledData, 'x' | 'y'> | { readonly xs: tf.Tensor; readonly ys: tf.Tensor }

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
  const { model, likelihood, datasetSize, batches } = options
  return {
    rows: datasetSize,
    batches,
    likelihood,
    async *epoch(epoch, first) {
      const iterator = await iteratorOf(stream, epoch)
      let seen = 0
      try {
        for (let batch = 0; batch < batches; batch++) {
          const next = await iterator.next()
          if (next.done) throw new StreamLengthError(`The stream ended after ${batch} of ${batches} batches of epoch ${epoch}.`)
          const raw = 'xs' in next.value ? { x: next.value.xs, y: next.value.ys } : next.value
          seen += raw.x.shape[0] ?? 0
          if (batch < first) tf.dispose([raw.x, raw.y])
          else yield { batch, rows: raw.x.shape[0]!, ...(await checkedBatch(raw, { epoch, batch, seen }, options)) }
        }
      } finally {
        await iterator.return?.()
      }
    },
    fingerprint: async () => `stream of ${datasetSize} rows in ${batches} batches`,
    dispose: () => {},
  }

  async function checkedBatch(
    { x, y }: LabelledData,
    { epoch, batch, seen }: { epoch: number; batch: number; seen: number },
    { model: target }: StreamSourceOptions,
  ): Promise<{ x: tf.Tensor; y: tf.Tensor }> {
    const what = `batch ${batch} of epoch ${epoch}`
    try {
      requireSameRows(what, x, y)
      requireInputShape(`${what}.x`, x, target)
      if (seen > datasetSize) {
        throw new ShapeMismatchError(
          `${what}.x`,
          x.shape,
          `no more than ${datasetSize} rows in an epoch, the datasetSize; with it there are ${seen}`,
        )
      }
      const prepared = await preparedData(what, { x, y }, likelihood, model.outputs[0]!.shape)
      y.dispose()
      return { x, y: prepared.y }
    } catch (error) {
      tf.dispose([x, y])
      throw error
    }
  }
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
