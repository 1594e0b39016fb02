import type { GenericSchema } from 'valibot'
import * as v from 'valibot'
import { count, finite, sha256, share } from './fields.ts'

/** One epoch of training; per example, in nats. */
export interface Epoch {
  readonly epoch: number
  readonly elbo: number
  readonly nll: number
  readonly klPerExample: number
  readonly seconds: number
  readonly validation: { readonly elbo: number; readonly nll: number; readonly error: number }
}

export interface TrainedModel {
  readonly name: string
  /** The epoch (from 1) with the best validation ELBO; its weights are the ones saved. */
  readonly keptEpoch: number
  readonly stopped: 'finished' | 'aborted'
  readonly parameters: number
  readonly epochs: readonly Epoch[]
  /** sha256 of the model's files. */
  readonly sha256: string
}

/** `training.json`: the models in the folder and how they came about. */
export interface TrainingFile {
  readonly models: readonly TrainedModel[]
}

export const trainingSchema: GenericSchema<unknown, TrainingFile> = v.object({
  models: v.array(
    v.object({
      name: v.string(),
      keptEpoch: count,
      stopped: v.picklist(['finished', 'aborted']),
      parameters: count,
      epochs: v.array(
        v.object({
          epoch: count,
          elbo: finite,
          nll: finite,
          klPerExample: finite,
          seconds: finite,
          validation: v.object({ elbo: finite, nll: finite, error: share }),
        }),
      ),
      sha256,
    }),
  ),
})
