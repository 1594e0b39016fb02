import * as tf from '@tensorflow/tfjs'
import { requireObject, requirePositiveInteger } from '../checks/options.ts'
import type { SourceBatch } from '../data/batchSource.ts'
import { dataParts, type LabelledData, rowsOf } from '../data/labelledData.ts'
import { preparedData } from '../data/preparedData.ts'
import { type DataStream, requireStream, streamBatches } from '../data/streamBatches.ts'
import { streamForm } from '../data/streamSource.ts'
import type { Likelihood } from '../likelihoods/likelihood.ts'
import { batchRanges } from '../loop/batchRanges.ts'

/** Data that are only ever scored, batch by batch. */
export interface ScoredData {
  /** As it goes with the targets. */
  readonly likelihood: Likelihood
  /** Most rows of a batch; those of a stream may be larger. */
  readonly batchRows: number
  /** Passes over the data, the number of which a stream is told. */
  batches(pass: number): Iterable<SourceBatch> | AsyncIterable<SourceBatch>
  dispose(): void
}

/** Checks shapes, before any work; a stream's are checked batch by batch. */
export function requireScorable(
  what: string,
  data: LabelledData | DataStream,
  model: tf.LayersModel,
  likelihoods: readonly Likelihood[],
): void {
  requireObject(what, data, '{ x, y } or { stream }')
  if (!('stream' in data)) {
    dataParts(what, data, model, likelihoods)
    return
  }
  requireStream(`${what}.stream`, data.stream)
  if (data.batchesPerEpoch !== undefined) requirePositiveInteger(`${what}.batchesPerEpoch`, data.batchesPerEpoch)
}

/** Prepares data that `requireScorable` has let through. */
export async function scoredData(
  what: string,
  data: LabelledData | DataStream,
  model: tf.LayersModel,
  likelihoods: readonly Likelihood[],
  batchSize: number,
): Promise<ScoredData> {
  if ('stream' in data) {
    const form = streamForm(model, likelihoods)
    const { batchesPerEpoch: batches } = data
    return {
      likelihood: form.likelihood,
      batchRows: batchSize,
      batches: (epoch) => streamBatches(data, { model, likelihoods, form, what: `${what} stream`, epoch, batches }),
      dispose: () => {},
    }
  }
  const parts = dataParts(what, data, model, likelihoods)
  const { x, y, likelihood, dispose } = await preparedData(parts, model, likelihoods)
  return {
    likelihood,
    batchRows: Math.min(batchSize, rowsOf(parts.x)),
    *batches() {
      for (const { batch, start, rows } of batchRanges(rowsOf(parts.x), batchSize)) {
        const inputs = [x, y].map((tensor) => tf.slice(tensor, start, rows))
        yield { batch, rows, inputs, dispose: () => tf.dispose(inputs) }
      }
    },
    dispose,
  }
}
