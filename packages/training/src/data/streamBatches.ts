import * as tf from '@tensorflow/tfjs'
import { ShapeMismatchError, StreamLengthError } from '../errors.ts'
import type { Likelihood } from '../likelihoods/likelihood.ts'
import type { TargetForm } from '../likelihoods/targetForm.ts'
import type { SourceBatch } from './batchSource.ts'
import { dataParts, type LabelledData, rowsOf } from './labelledData.ts'
import { preparedRows } from './preparedData.ts'
import { type Rows, shapeOf } from './rows.ts'
import type { Several } from './several.ts'

/** A batch as `tf.data` names its parts, or as the rest of this package does; tensors become the run's, which disposes of them. */
export type StreamBatch =
  | LabelledData
  | (Omit<LabelledData, 'x' | 'y'> & { readonly xs: Several<Rows>; readonly ys: Several<Rows> })

/**
 * Batches that come from somewhere else than tensors: a `tf.data.Dataset` of batches, or a function that gives those of an epoch.
 *
 * The order is the stream's affair: the same seed gives the same bits only where the same epoch gives the same batches.
 */
export interface DataStream {
  readonly stream: tf.data.Dataset<tf.TensorContainer> | ((epoch: number) => AsyncIterable<StreamBatch> | Iterable<StreamBatch>)
  /** Batches that make an epoch, where the stream goes on for ever. */
  readonly batchesPerEpoch?: number
}

/** What a stream is read for. */
export interface StreamUse {
  readonly model: tf.LayersModel
  readonly likelihoods: readonly Likelihood[]
  readonly form: TargetForm
  /** What to call the stream in an error. */
  readonly what: string
  readonly epoch: number
  /** Batches before it are left out. */
  readonly first?: number
  /** Batches that there must be, and that are taken; default all that come. */
  readonly batches?: number | undefined
  /** Most rows that there may be. */
  readonly rows?: number
}

/** The batches of one epoch, each checked as it comes. */
export async function* streamBatches({ stream }: Pick<DataStream, 'stream'>, use: StreamUse): AsyncGenerator<SourceBatch> {
  const { model, likelihoods, form, what, epoch, first = 0, batches = Number.POSITIVE_INFINITY, rows: most } = use
  const iterator = await iteratorOf(stream, epoch)
  let seen = 0
  try {
    for (let batch = 0; batch < batches; batch++) {
      const next = await iterator.next()
      if (next.done && batches === Number.POSITIVE_INFINITY && batch > 0) return
      if (next.done) {
        const expected = Number.isFinite(batches) ? `of ${batches} batches` : 'batches'
        throw new StreamLengthError(`The ${what} ended after ${batch} ${expected} of epoch ${epoch}.`)
      }
      const data = named(next.value)
      const made: tf.Tensor[] = []
      try {
        const name = `batch ${batch} of epoch ${epoch}`
        const parts = dataParts(what === 'stream' ? name : `${what}, ${name}`, data, model, likelihoods)
        const rows = rowsOf(parts.x)
        seen += rows
        if (most !== undefined && seen > most) {
          const expected = `no more than ${most} rows in an epoch, the datasetSize; with it there are ${seen}`
          throw new ShapeMismatchError(parts.x[0]!.what, shapeOf(parts.x[0]!.value), expected)
        }
        if (batch < first) continue
        const { x, y } = await preparedRows(parts, model, likelihoods, form)
        made.push(x)
        const inputs = [x, y]
        yield { batch, rows, inputs, dispose: () => tf.dispose(inputs) }
      } finally {
        disposeOf(data, made)
      }
    }
  } finally {
    await iterator.return?.()
  }
}

function named(batch: StreamBatch): LabelledData {
  if (!('xs' in batch)) return batch
  const { xs, ys, ...rest } = batch
  return { x: xs, y: ys, ...rest }
}

function disposeOf({ x, y, weights, mask }: LabelledData, but: readonly tf.Tensor[]): void {
  for (const several of [x, y, weights, mask]) {
    const each = several instanceof tf.Tensor ? [several] : Object.values(several ?? {})
    for (const tensor of each) if (tensor instanceof tf.Tensor && !but.includes(tensor)) tensor.dispose()
  }
}

async function iteratorOf(
  stream: DataStream['stream'],
  epoch: number,
): Promise<AsyncIterator<StreamBatch> | Iterator<StreamBatch>> {
  if (typeof stream !== 'function') {
    const dataset = await stream.iterator()
    return { next: async () => (await dataset.next()) as IteratorResult<StreamBatch> }
  }
  const iterable = stream(epoch)
  return Symbol.asyncIterator in iterable ? iterable[Symbol.asyncIterator]() : iterable[Symbol.iterator]()
}
