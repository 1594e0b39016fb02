import type * as tf from '@tensorflow/tfjs'
import type { LabelledData } from '../data/labelledData.ts'
import type { Several } from '../data/several.ts'
import type { DataStream } from '../data/streamBatches.ts'
import type { TrainingNoise } from '../draws/drawNoise.ts'
import type { Likelihood } from '../likelihoods/likelihood.ts'
import type { Optimizer } from '../optimizers/optimizer.ts'
import type { ProgressReporter } from '../progress/progressReporter.ts'
import type { BetaSchedule } from '../schedules/betaSchedule.ts'
import type { LearningRateSchedule } from '../schedules/learningRateSchedule.ts'
import type { EarlyStopping } from './bestEpoch.ts'
import type { CheckpointOptions } from './checkpoints.ts'
import type { EpochRecord } from './history.ts'

export interface TrainingData extends LabelledData {
  /** Held-out rows, scored after each epoch: in memory, or a stream that gives the same rows at each epoch. */
  readonly validation?: LabelledData | DataStream
}

/** Training data that come batch by batch; without `batchesPerEpoch` they make `datasetSize / batchSize` batches, rounded up. */
export interface TrainingStream extends DataStream {
  readonly validation?: LabelledData | DataStream
}

export interface FitOptions {
  /** How outputs make targets likely; for a model with several outputs one for each, by place or by name, whose log-likelihoods are summed. */
  readonly likelihood: Several<Likelihood>
  /** Passes over the data, at least 1. */
  readonly epochs: number
  /** int32. Order of the data and all noise follow from it: the same seed gives the same bits. */
  readonly seed: number
  /** Rows a step, at least 1; default 128, or all rows where there are fewer. The last batch of an epoch may be shorter. */
  readonly batchSize?: number
  /** N in `nll + beta * kl / N`: the number of training examples that the posterior is to rest on. Default the rows of x, and not below them; asked for with a stream. */
  readonly datasetSize?: number
  /**
   * A name, one of `adam()`, `adamW()`, `sgd()` with settings of its own, or an optimizer of tfjs, which stays the caller's and keeps its own learning rate
   * and moments from one `fit` to the next. Default 'adam'.
   */
  readonly optimizer?: 'adam' | 'sgd' | Optimizer | tf.Optimizer
  /** A number above 0, or a schedule; not with an optimizer of tfjs. Default 0.001. */
  readonly learningRate?: number | LearningRateSchedule
  /** Bound of the global norm of the gradients (of the loss in nats per example), above 0; default none. */
  readonly clipNorm?: number
  /** Weight of the KL: a number, 0 or more, or a schedule. Default 1, the ELBO; a run that ends at another beta ends in a tempered posterior. */
  readonly beta?: number | BetaSchedule
  /** Draws a step, S >= 1; the NLL is averaged over them, the KL counted once. Default 1. */
  readonly samples?: number
  /**
   * How the noise of a step's draws goes together; default 'independent'. 'antithetic', for an even S: the second draw of each pair has the first one's noise with
   * its sign turned, so that what is odd in the noise drops out of the gradient. Weight sampling gains most by it: nearly all the noise in the gradient of rho is odd.
   * Flipout, whose signs turn within a batch, and the local reparameterization trick gain little.
   */
  readonly noise?: TrainingNoise
  /** Draws for the validation figures; default 1. */
  readonly validationSamples?: number
  /**
   * Whether steps become one TensorFlow graph where the backend can do that; default true. Turn it off for a likelihood or a layer whose JavaScript
   * must run at each step.
   */
  readonly compile?: boolean
  /** Keeps the best weights by a validation figure, and stops where it gets no better; needs `validation`. */
  readonly earlyStopping?: EarlyStopping
  /** Saves the run now and then, and takes it up where the store's newest checkpoint left it. */
  readonly checkpoint?: CheckpointOptions
  /** Ends the run after the step that is under way; the history holds what was done. */
  readonly signal?: AbortSignal
  /** Is told of each epoch, and waited for. */
  readonly onEpoch?: (record: EpochRecord) => void | Promise<void>
  /** Default: silent. */
  readonly progress?: ProgressReporter
}
