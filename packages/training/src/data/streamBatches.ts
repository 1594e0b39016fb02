import * as tf from '@tensorflow/tfjs'
import { InvalidOptionError, ShapeMismatchError, StreamLengthError } from '../errors.ts'
import type { Likelihood } from '../likelihoods/likelihood.ts'
import type { TargetForm } from '../likelihoods/targetForm.ts'
import type { SourceBatch } from './batchSource.ts'
import { dataParts, type LabelledData, rowsOf } from './labelledData.ts'
import { preparedRows } from './preparedData.ts'
import { isRows, type Rows, shapeOf } from './rows.ts'
import { mapSeveral, type Several } from './several.ts'

/** A batch as `tf.data` names its parts, or as the rest of this package does; tensors become the run's, which disposes of them, but for those of an array. */
export type StreamBatch =
  | LabelledData
  | (Omit<LabelledData, 'x' | 'y'> & { readonly xs: Several<Rows>; readonly ys: Several<Rows> })

/** Batches, one after the other. */
export type Batches = AsyncIterable<StreamBatch> | Iterable<StreamBatch>

/**
 * Batches that come from somewhere else than tensors: a `tf.data.Dataset` of batches, something that can be iterated over once an epoch, or a function that
 * gives the batches of an epoch.
 *
 * The order is the stream's affair: the same seed gives the same bits only where the same epoch gives the same batches.
 */
export interface DataStream {
  readonly stream: tf.data.Dataset<tf.TensorContainer> | Batches | ((epoch: number) => Batches)
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
      const name = `${what === 'stream' ? '' : `${what}, `}batch ${batch} of epoch ${epoch}`
      const data = named(name, next.value, Array.isArray(stream))
      const made: tf.Tensor[] = []
      try {
        const parts = dataParts(name, data, model, likelihoods)
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

/** Refuses what is no stream of batches. */
export function requireStream(what: string, stream: unknown): void {
  const known = typeof stream === 'function' || isDataset(stream)
  if (known || (typeof stream === 'object' && stream && (Symbol.iterator in stream || Symbol.asyncIterator in stream))) return
  throw new InvalidOptionError(
    what,
    stream,
    'a tf.data.Dataset of batches, an (async) iterable of them, or a function that gives one',
  )
}

/** @param copied whether tensors stay those of the stream, which gives them again in the next epoch */
function named(what: string, batch: StreamBatch, copied: boolean): LabelledData {
  if (typeof batch !== 'object' || batch === null) throw new InvalidOptionError(what, batch, '{ x, y } or { xs, ys }')
  const { xs, ys, ...rest } = 'xs' in batch ? batch : { xs: batch.x, ys: batch.y, ...batch }
  const data = { ...rest, x: xs, y: ys }
  if (!copied) return data
  const copy = (rows: Rows): Rows => (rows instanceof tf.Tensor ? rows.clone() : rows)
  const copies = Object.entries(data).map(([name, rows]) => [
    name,
    rows === undefined ? rows : mapSeveral(rows as Several<Rows>, isRows, copy),
  ])
  return Object.fromEntries(copies) as LabelledData
}

function disposeOf({ x, y, weights, mask }: LabelledData, but: readonly tf.Tensor[]): void {
  for (const several of [x, y, weights, mask]) {
    const each = several === undefined || isRows(several) ? [several] : Object.values(several)
    for (const tensor of each) if (tensor instanceof tf.Tensor && !but.includes(tensor)) tensor.dispose()
  }
}

/** By what it can do: a second copy of tfjs has a class of its own. */
const isDataset = (stream: unknown): stream is tf.data.Dataset<tf.TensorContainer> =>
  typeof stream === 'object' && stream !== null && 'iterator' in stream && typeof stream.iterator === 'function'

async function iteratorOf(
  stream: DataStream['stream'],
  epoch: number,
): Promise<AsyncIterator<StreamBatch> | Iterator<StreamBatch>> {
  if (isDataset(stream)) {
    const dataset = await stream.iterator()
    return { next: async () => (await dataset.next()) as IteratorResult<StreamBatch> }
  }
  const iterable = typeof stream === 'function' ? stream(epoch) : stream
  return Symbol.asyncIterator in iterable ? iterable[Symbol.asyncIterator]() : iterable[Symbol.iterator]()
}
