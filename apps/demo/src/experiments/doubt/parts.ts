import type { Configuration } from '../framework/experiment.ts'
import type { DigitSettings } from '../shared/digitExperiment.ts'
import type { BayesianChoice } from '../shared/network.ts'
import type { TrainedResult, TrainingChoice } from '../shared/train.ts'
import type { Outsider } from './outsiders.ts'

export interface DoubtConfiguration extends Configuration {
  readonly bayesian: BayesianChoice | null
  readonly training: TrainingChoice
}

export interface DoubtSettings extends DigitSettings {
  readonly angles: readonly number[]
  /** Test digits that are turned, and those that are held against what are no digits. */
  readonly rows: number
  readonly draws: number
}

/** Means over digits, nats. */
export interface Doubt {
  readonly entropy: number
  /** Aleatoric part: mean of the draws' entropies. */
  readonly expectedEntropy: number
  /** Epistemic part. */
  readonly mutualInformation: number
}

export interface TurnedDoubt extends Doubt {
  readonly degrees: number
  readonly error: number
}

/** How well uncertainty tells digits from what is none: areas under the ROC curve. */
export interface Outsiders extends Doubt {
  readonly kind: Outsider
  readonly aurocEntropy: number
  /** Null without draws. */
  readonly aurocMutualInformation: number | null
}

export interface DoubtResult {
  readonly trained: TrainedResult
  readonly rotation: readonly TurnedDoubt[]
  readonly outsiders: readonly Outsiders[]
}
