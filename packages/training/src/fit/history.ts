/** What one epoch of training did; every number is exact for the batches that ran, weighted by their sizes. */
export interface EpochRecord {
  /** From 0. */
  readonly epoch: number
  /** Training steps that ran. */
  readonly steps: number
  /** Rows they saw: all of them unless the run was stopped within the epoch. */
  readonly examples: number
  /** Evidence lower bound per example in nats, -(nll + klPerExample): always with the whole KL, whatever beta. */
  readonly elbo: number
  /** Negative log-likelihood per example in nats, each batch as the weights were when it was used. */
  readonly nll: number
  /** KL(q || p) in nats, summed over the weights; the mean over the steps. */
  readonly kl: number
  /** kl / N. */
  readonly klPerExample: number
  /** Weight of the KL in the loss; the mean over the steps. */
  readonly beta: number
  /** That of the last step; absent where an optimizer of tfjs keeps its own. */
  readonly learningRate?: number
  /** Time of the training steps, without validation. */
  readonly seconds: number
  readonly examplesPerSecond: number
  readonly validation?: ValidationRecord
}

/** Held-out figures at the end of an epoch, per example. */
export interface ValidationRecord {
  /** -(nll + kl / N) with the N of the training set, in nats. */
  readonly elbo: number
  readonly nll: number
  /** Mean prediction error: share of wrong classes, or mean squared error; absent where the likelihood has none. */
  readonly error?: number
}

export interface History {
  readonly epochs: readonly EpochRecord[]
  readonly stopped: 'finished' | 'earlyStopped' | 'aborted'
  /** The epoch whose weights the model has, where early stopping keeps the best and the run was not aborted. */
  readonly bestEpoch?: number
  readonly execution: Execution
}

/** How the training steps ran; the numbers are the same either way. */
export interface Execution {
  /** Whether they became one TensorFlow graph (from the fourth step on, on the native backend). */
  readonly compiled: boolean
  /** Why not, in words; absent where nothing stands against it. */
  readonly reason?: string
}
