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
import { LEARNING_RATE } from '../../contestants.ts'
import { statusLine } from '../../stages/stage.ts'
import type { Experiment, PartContext } from '../framework/experiment.ts'
import { NORMAL_BY_LOCAL_TRICK, withDigitNetwork } from '../shared/digitExperiment.ts'
import type { DigitSet } from '../shared/digits.ts'
import type { Architecture, BayesianChoice } from '../shared/network.ts'
import type { NoiseConfiguration, NoiseResult, NoiseSettings } from './parts.ts'
import { gradientNoiseReport } from './report.ts'

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
export const gradientNoise: Experiment<NoiseConfiguration, NoiseResult, NoiseSettings> = {
  name: 'gradient-noise',
  title: 'The noise in the gradient, as batches grow',
  description:
    'The variance of the gradient over draws of the noise, per parameter, at the same weights and on the same minibatches, for each estimator. ' +
    'One weight draw for the batch leaves a floor: the covariance that all rows share. With noise of their own for each row the variance falls as 1 / M.',
  takes: 'about five minutes a seed on two cores',
  seeds: 3,
  version: 1,

  plan(size) {
    if (size === 'tiny') return { settings: { ...TINY }, configurations: [{ name: 'early', title: 'After 1 epoch', epochs: 1 }] }
    return {
      settings: { ...FULL },
      configurations: [{ name: 'early', title: 'After 5 epochs', epochs: 5 }],
    }
  },

  run({ configuration, seed }, settings, context) {
    return withDigitNetwork(networkOf(settings), settings, seed, context, async (model, { train }) => {
      const { signal, progress } = context
      await fit(model, train, {
        likelihood: categorical(),
        epochs: configuration.epochs,
        batchSize: settings.batchSize,
        learningRate: LEARNING_RATE,
        optimizer: adam(),
        seed,
        signal,
        progress: terminalProgress(progress),
      })
      signal.throwIfAborted()
      return { readings: await measured(model, train, settings, seed, context) }
    })
  },

  report(parts, settings) {
    return gradientNoiseReport(parts, settings)
  },
}

const networkOf = ({ hidden }: NoiseSettings): { architecture: Architecture; bayesian: BayesianChoice } => ({
  architecture: { kind: 'dense', hidden: [hidden, hidden] },
  bayesian: NORMAL_BY_LOCAL_TRICK,
})

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
