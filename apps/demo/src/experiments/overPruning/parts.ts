import type { OverPruning } from '@tfjs-bayes/training'
import type { Configuration } from '../framework/experiment.ts'
import type { Architecture, BayesianChoice } from '../shared/network.ts'
import type { Quality, TrainedResult, TrainingChoice } from '../shared/train.ts'

export interface RemedyConfiguration extends Configuration {
  readonly bayesian: BayesianChoice | null
  readonly training: TrainingChoice
  /** Default the network of the settings. */
  readonly architecture?: Architecture
}

export interface RemedyResult {
  readonly trained: TrainedResult
  /** Null for the deterministic network. */
  readonly posterior: PosteriorResult | null
}

/** What the posterior at the best ELBO looks like, and what can be done about it afterwards. */
export interface PosteriorResult {
  readonly report: OverPruning
  /** With the weights at their prior removed. */
  readonly withoutPriorWeights: Quality
  /** With a temperature fitted on the validation rows: a correction, no posterior. */
  readonly atTemperature: Quality & { readonly temperature: number }
}
