import type * as tf from '@tensorflow/tfjs'
import type { Likelihood } from '../likelihoods/likelihood.ts'
import { targetForm } from '../likelihoods/targetForm.ts'
import type { BatchSource } from './batchSource.ts'
import { type DataStream, streamBatches } from './streamBatches.ts'

export interface StreamSourceOptions {
  readonly model: tf.LayersModel
  readonly likelihoods: readonly Likelihood[]
  readonly datasetSize: number
  readonly batches: number
}

/** Checks each batch as it comes, and holds the stream to what was said about it. */
export function streamSource(stream: DataStream, options: StreamSourceOptions): BatchSource {
  const { datasetSize, batches, model, likelihoods } = options
  const form = streamForm(model, likelihoods)
  return {
    rows: datasetSize,
    batches,
    likelihood: form.likelihood,
    indexed: false,
    epoch: (epoch, first) =>
      streamBatches(stream, { model, likelihoods, form, what: 'stream', epoch, first, batches, rows: datasetSize }),
    fingerprint: async () => `stream of ${datasetSize} rows in ${batches} batches`,
    dispose: () => {},
  }
}

/** Whether batches come with weights or masks is not known before the first; without them everything counts once. */
export const streamForm = (model: tf.LayersModel, likelihoods: readonly Likelihood[]): ReturnType<typeof targetForm> =>
  targetForm(model, likelihoods, { weights: true, masks: likelihoods.map(({ elements }) => elements !== undefined) })
