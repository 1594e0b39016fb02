import type { GenericSchema } from 'valibot'
import * as v from 'valibot'
import { count, finite, share } from './fields.ts'

export interface ReliabilityBin {
  readonly lower: number
  readonly upper: number
  readonly count: number
  /** Mean confidence and share of right answers; null where the bin is empty. */
  readonly confidence: number | null
  readonly accuracy: number | null
}

/** What a predictive distribution is worth on a set of labelled examples. */
export interface Score {
  /** Share of wrong answers, 0 to 1. */
  readonly error: number
  /** Nats per example. */
  readonly nll: number
  readonly ece: number
  /** Mean confidence minus accuracy: negative where the model is less sure than it could be. */
  readonly overconfidence: number
  readonly bins: readonly ReliabilityBin[]
  /** Mean predictive entropy and, where the prediction averages draws, mean mutual information; nats. */
  readonly entropy: number
  readonly mutualInformation: number | null
}

/** Per example, in nats. */
export interface ElboParts {
  readonly elbo: number
  readonly nll: number
  readonly klPerExample: number
}

export interface EvaluatedModel {
  readonly name: string
  readonly keptEpoch: number
  /** Median over the epochs, training steps only. */
  readonly secondsPerEpoch: number
  /** Over the training rows, at the kept weights. */
  readonly train: ElboParts
  readonly validation: ElboParts
  /** S draws, averaged; for the deterministic network its one answer. */
  readonly test: Score
  /** One pass with the posterior means; null for the deterministic network, where it is the same. */
  readonly testAtMean: Score | null
}

/** Variance of one estimator's gradient over noise draws, per parameter, in one layer. */
export interface GradientVariance {
  readonly name: string
  readonly layers: readonly { readonly layer: string; readonly mu: number; readonly rho: number }[]
}

/** A test digit with what the network says about it. */
export interface JudgedDigit {
  /** Row in the test file. */
  readonly index: number
  readonly label: number
  /** base64 of its 784 bytes. */
  readonly pixels: string
  readonly probabilities: readonly number[]
  readonly entropy: number
  readonly mutualInformation: number
}

/** One angle of the turned digits. */
export interface RotationStep {
  readonly degrees: number
  readonly entropy: number
  readonly mutualInformation: number
  readonly error: number
  /** Of the deterministic network; null where it was not trained. */
  readonly deterministicEntropy: number | null
  /** One of the digits, as drawn and as judged. */
  readonly example: JudgedDigit
}

/** `evaluation.json` */
export interface EvaluationFile {
  readonly samples: number
  readonly models: readonly EvaluatedModel[]
  readonly gradientVariance: readonly GradientVariance[]
  /** The model at whose weights all estimators were measured; null where no Bayesian network was trained. */
  readonly gradientVarianceAt: string | null
  /** The model that judged the digits below; null where no Bayesian network was trained. */
  readonly judgedBy: string | null
  readonly mostCertain: readonly JudgedDigit[]
  readonly leastCertain: readonly JudgedDigit[]
  readonly rotation: readonly RotationStep[]
}

const elboParts: GenericSchema<unknown, ElboParts> = v.object({ elbo: finite, nll: finite, klPerExample: finite })

const score: GenericSchema<unknown, Score> = v.object({
  error: share,
  nll: finite,
  ece: share,
  overconfidence: finite,
  bins: v.array(
    v.object({ lower: share, upper: share, count: v.number(), confidence: v.nullable(share), accuracy: v.nullable(share) }),
  ),
  entropy: finite,
  mutualInformation: v.nullable(finite),
})

const judgedDigit: GenericSchema<unknown, JudgedDigit> = v.object({
  index: v.pipe(v.number(), v.integer(), v.minValue(0)),
  label: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(9)),
  pixels: v.pipe(v.string(), v.base64()),
  probabilities: v.pipe(v.array(finite), v.length(10)),
  entropy: finite,
  mutualInformation: finite,
})

export const evaluationSchema: GenericSchema<unknown, EvaluationFile> = v.object({
  samples: count,
  models: v.array(
    v.object({
      name: v.string(),
      keptEpoch: count,
      secondsPerEpoch: finite,
      train: elboParts,
      validation: elboParts,
      test: score,
      testAtMean: v.nullable(score),
    }),
  ),
  gradientVariance: v.array(
    v.object({ name: v.string(), layers: v.array(v.object({ layer: v.string(), mu: finite, rho: finite })) }),
  ),
  gradientVarianceAt: v.nullable(v.string()),
  judgedBy: v.nullable(v.string()),
  mostCertain: v.array(judgedDigit),
  leastCertain: v.array(judgedDigit),
  rotation: v.array(
    v.object({
      degrees: finite,
      entropy: finite,
      mutualInformation: finite,
      error: share,
      deterministicEntropy: v.nullable(finite),
      example: judgedDigit,
    }),
  ),
})
