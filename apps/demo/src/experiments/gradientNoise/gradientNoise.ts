import type * as tf from '@tensorflow/tfjs'
import {
  adam,
  categorical,
  fit,
  type GradientEstimator,
  type GradientMeterReading,
  gradientMeter,
  terminalProgress,
} from '@tfjs-bayes/training'
import { INITIAL_SIGMA, LEARNING_RATE, PRIOR_SIGMA } from '../../contestants.ts'
import { disposing } from '../../stages/disposing.ts'
import { statusLine } from '../../stages/stage.ts'
import type {
  Configuration,
  Experiment,
  ExperimentReport,
  FinishedPart,
  Part,
  PartContext,
  Plan,
  Size,
} from '../framework/experiment.ts'
import { type DigitSet, digitSplits } from '../shared/digits.ts'
import { buildNetwork } from '../shared/network.ts'
import { gradientNoiseReport } from './report.ts'

/** After how much training the noise is measured. */
export interface NoiseConfiguration extends Configuration {
  readonly epochs: number
}

export interface NoiseSettings {
  readonly trainRows: number
  readonly validationRows: number
  readonly testRows: number
  readonly hidden: number
  readonly batchSize: number
  readonly batchSizes: readonly number[]
  readonly draws: number
  /** Rows that the minibatches of a size have together, at least; no fewer than `leastMinibatches` of them. */
  readonly rowsPerSize: number
  readonly leastMinibatches: number
  readonly exampleRows: number
}

export interface NoiseResult {
  /** One reading for each estimator and batch size; variances of the gradient of the loss in nats per example. */
  readonly readings: readonly GradientMeterReading[]
}

const FULL: NoiseSettings = {
  trainRows: 50_000,
  validationRows: 1,
  testRows: 1,
  hidden: 400,
  batchSize: 128,
  batchSizes: [1, 10, 128, 1000],
  draws: 30,
  rowsPerSize: 20,
  leastMinibatches: 3,
  exampleRows: 40,
}
const TINY: NoiseSettings = {
  ...FULL,
  trainRows: 128,
  hidden: 8,
  batchSize: 32,
  batchSizes: [1, 8, 64],
  draws: 6,
  rowsPerSize: 2,
  leastMinibatches: 1,
  exampleRows: 2,
}

/** Kingma's table 1 on MNIST: how the noise of each estimator's gradient falls as batches grow. */
export const gradientNoise: Experiment<NoiseConfiguration, NoiseResult> = {
  name: 'gradient-noise',
  title: 'The noise in the gradient, as batches grow',
  description:
    'The variance of the gradient over draws of the noise, per parameter, at the same weights and on the same minibatches, for each estimator. ' +
    'One weight draw for the batch leaves a floor: the covariance that all rows share. With noise of their own for each row the variance falls as 1 / M.',
  takes: 'about five minutes a seed on two cores',
  seeds: 3,
  version: 1,

  plan(size: Size): Plan<NoiseConfiguration> {
    if (size === 'tiny') return { settings: { ...TINY }, configurations: [{ name: 'early', title: 'After 1 epoch', epochs: 1 }] }
    return {
      settings: { ...FULL },
      configurations: [{ name: 'early', title: 'After 5 epochs', epochs: 5 }],
    }
  },

  run(
    { configuration, seed }: Part<NoiseConfiguration>,
    settings: Plan<NoiseConfiguration>['settings'],
    context: PartContext,
  ): Promise<NoiseResult> {
    const chosen = settings as unknown as NoiseSettings
    return disposing(digitSplits(context.dataFolder, chosen), ({ train }) =>
      disposing(networkOf(chosen, seed), async (model) => {
        const { signal, progress } = context
        await fit(model, train, {
          likelihood: categorical(),
          epochs: configuration.epochs,
          batchSize: chosen.batchSize,
          learningRate: LEARNING_RATE,
          optimizer: adam(),
          seed,
          signal,
          progress: terminalProgress(progress),
        })
        signal.throwIfAborted()
        return { readings: await measured(model, train, chosen, seed, context) }
      }),
    )
  },

  report(
    parts: readonly FinishedPart<NoiseConfiguration, NoiseResult>[],
    settings: Plan<NoiseConfiguration>['settings'],
  ): ExperimentReport {
    return gradientNoiseReport(parts, settings as unknown as NoiseSettings)
  },
}

function networkOf({ hidden }: NoiseSettings, seed: number): tf.Sequential {
  return buildNetwork(
    { kind: 'dense', hidden: [hidden, hidden] },
    {
      estimator: 'localReparameterization',
      kl: 'closed',
      prior: { family: 'normal', sigma: PRIOR_SIGMA },
      learnPriorScale: false,
      initialSigma: INITIAL_SIGMA,
    },
    seed,
  )
}

async function measured(
  model: tf.LayersModel,
  train: DigitSet,
  { batchSizes, draws, rowsPerSize, leastMinibatches, exampleRows, trainRows }: NoiseSettings,
  seed: number,
  { signal, progress }: PartContext,
): Promise<GradientMeterReading[]> {
  const status = statusLine(progress)
  const common = { likelihood: categorical(), datasetSize: trainRows, draws, seed, signal }
  const onMeasurement = (estimator: GradientEstimator, size: number): void =>
    status.update(`Gradient noise: ${estimator}, batches of ${size}`)
  const shared = ['weightSampling', 'flipout', 'localReparameterization'] as const
  const readings: GradientMeterReading[] = []
  // Small batches differ more among each other: they get more of them.
  for (const size of batchSizes) {
    const minibatches = Math.max(leastMinibatches, Math.ceil(rowsPerSize / size))
    readings.push(
      ...(await gradientMeter(model, train, { ...common, batchSizes: [size], minibatches, estimators: shared, onMeasurement })),
    )
  }
  readings.push(
    ...(await gradientMeter(model, train, {
      ...common,
      batchSizes,
      minibatches: 1,
      exampleRows,
      estimators: ['weightSamplingPerExample'],
      onMeasurement,
    })),
  )
  status.clear()
  return readings
}
