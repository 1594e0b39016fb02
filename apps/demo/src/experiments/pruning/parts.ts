import type { Configuration } from '../framework/experiment.ts'
import type { DigitSettings } from '../shared/digitExperiment.ts'
import type { BayesianChoice } from '../shared/network.ts'
import type { Quality, TrainedResult, TrainingChoice } from '../shared/train.ts'

export interface PruningConfiguration extends Configuration {
  readonly bayesian: BayesianChoice
  readonly training: TrainingChoice
}

export interface PruningSettings extends DigitSettings {
  readonly fractions: readonly number[]
  readonly curveDraws: number
}

/** A pruned network. */
export interface PrunedPoint {
  readonly by: 'signalToNoise' | 'kl'
  /** Share of the weights removed over the whole network. */
  readonly fraction: number
  /** Of the posterior predictive on the test rows. */
  readonly test: Quality
  /** The network without its dead units. */
  readonly smaller: {
    readonly units: readonly number[]
    readonly parametersBefore: number
    readonly parametersAfter: number
    readonly onnxBytesMasked: number
    readonly onnxBytesSmaller: number
    /** Largest difference of a logit to the masked twin, both with mean weights. */
    readonly largestDifference: number
  }
}

export interface PruningResult {
  readonly trained: TrainedResult
  readonly points: readonly PrunedPoint[]
}
