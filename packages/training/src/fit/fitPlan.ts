import * as tf from '@tensorflow/tfjs'
import { requireSameRows } from '../checks/data.ts'
import { requireInputShape, requireTrainableModel } from '../checks/model.ts'
import { requireNonNegative, requirePositive, requirePositiveInteger, requireSeed } from '../checks/options.ts'
import { requireMaskable } from '../data/labelledData.ts'
import { shapeOf } from '../data/rows.ts'
import type { TrainingStream } from '../data/streamSource.ts'
import { InvalidOptionError } from '../errors.ts'
import { adam } from '../optimizers/adam.ts'
import type { Optimizer } from '../optimizers/optimizer.ts'
import { sgd } from '../optimizers/sgd.ts'
import type { BetaSchedule } from '../schedules/betaSchedule.ts'
import { constantBeta } from '../schedules/constantBeta.ts'
import { constantRate } from '../schedules/constantRate.ts'
import type { LearningRateSchedule } from '../schedules/learningRateSchedule.ts'
import type { EarlyStopping } from './bestEpoch.ts'
import type { FitOptions, TrainingData } from './fitOptions.ts'

/** The checked choices of a run, with every default filled in. */
export interface FitPlan {
  /** Rows of an epoch. */
  readonly rows: number
  /** Batches of an epoch. */
  readonly batches: number
  readonly batchSize: number
  readonly datasetSize: number
  readonly samples: number
  readonly validationSamples: number
  readonly beta: BetaSchedule
  readonly optimizer: Optimizer | tf.Optimizer
  /** Absent where the optimizer is one of tfjs, which has its own. */
  readonly learningRate: LearningRateSchedule | undefined
  readonly clipNorm: number | undefined
  readonly earlyStopping: EarlyStopping | undefined
}

const DEFAULT_BATCH_SIZE = 128
const DEFAULT_LEARNING_RATE = 1e-3

/** Checks options and shapes, before any work. */
export function fitPlan(model: tf.LayersModel, data: TrainingData | TrainingStream, options: FitOptions): FitPlan {
  const { epochs, seed, beta = 1, samples = 1, validationSamples = 1, clipNorm, likelihood, checkpoint } = options
  requireTrainableModel(model)
  likelihood.checkModel?.(model)
  if (data.validation) {
    requireSameRows('validation', data.validation.x, data.validation.y)
    requireInputShape('validation.x', data.validation.x, model)
    requireMaskable('validation', data.validation, likelihood)
  }
  requirePositiveInteger('epochs', epochs)
  requirePositiveInteger('samples', samples)
  requirePositiveInteger('validationSamples', validationSamples)
  requireSeed('seed', seed)
  if (clipNorm !== undefined) requirePositive('clipNorm', clipNorm)
  if (checkpoint?.everySeconds !== undefined) requireNonNegative('checkpoint.everySeconds', checkpoint.everySeconds)
  const optimizer = chosenOptimizer(options)
  return {
    ...('stream' in data ? streamSizes(data, options) : tensorSizes(model, data, options)),
    samples,
    validationSamples,
    beta: typeof beta === 'number' ? constantBeta(beta) : beta,
    optimizer,
    learningRate: chosenRate(optimizer, options),
    clipNorm,
    earlyStopping: checkedEarlyStopping(data, options),
  }
}

type Sizes = Pick<FitPlan, 'rows' | 'batches' | 'batchSize' | 'datasetSize'>

function tensorSizes(model: tf.LayersModel, data: TrainingData, options: FitOptions): Sizes {
  requireSameRows('data', data.x, data.y)
  requireInputShape('data.x', data.x, model)
  requireMaskable('data', data, options.likelihood)
  const rows = shapeOf(data.x)[0]!
  const { datasetSize = rows, batchSize = Math.min(DEFAULT_BATCH_SIZE, rows) } = options
  requireSizes(datasetSize, batchSize)
  if (datasetSize < rows) {
    throw new InvalidOptionError(
      'datasetSize',
      datasetSize,
      `at least the ${rows} rows of data.x: it is the number of training examples`,
    )
  }
  return { rows, batches: Math.ceil(rows / batchSize), batchSize, datasetSize }
}

function streamSizes({ batchesPerEpoch }: TrainingStream, { datasetSize, batchSize = DEFAULT_BATCH_SIZE }: FitOptions): Sizes {
  if (datasetSize === undefined) {
    throw new InvalidOptionError(
      'datasetSize',
      datasetSize,
      'the number of training examples, which cannot be seen from a stream',
    )
  }
  requireSizes(datasetSize, batchSize)
  if (batchesPerEpoch !== undefined) requirePositiveInteger('batchesPerEpoch', batchesPerEpoch)
  return { rows: datasetSize, batches: batchesPerEpoch ?? Math.ceil(datasetSize / batchSize), batchSize, datasetSize }
}

function requireSizes(datasetSize: number, batchSize: number): void {
  requirePositiveInteger('batchSize', batchSize)
  requirePositiveInteger('datasetSize', datasetSize)
  if (datasetSize < batchSize) {
    throw new InvalidOptionError(
      'datasetSize',
      datasetSize,
      `at least the batchSize, ${batchSize}: it is the number of training examples`,
    )
  }
}

function checkedEarlyStopping(
  data: TrainingData | TrainingStream,
  { earlyStopping, likelihood }: FitOptions,
): EarlyStopping | undefined {
  if (!earlyStopping) return undefined
  const { metric = 'elbo', patience = Number.POSITIVE_INFINITY } = earlyStopping
  if (!data.validation)
    throw new InvalidOptionError('earlyStopping', 'set', 'validation data to judge by; a test set is not for choosing')
  if (!['elbo', 'nll', 'error'].includes(metric))
    throw new InvalidOptionError('earlyStopping.metric', metric, "'elbo', 'nll' or 'error'")
  if (metric === 'error' && !likelihood.predictionError) {
    throw new InvalidOptionError(
      'earlyStopping.metric',
      metric,
      `'elbo' or 'nll': the likelihood '${likelihood.name}' has no error`,
    )
  }
  if (patience !== Number.POSITIVE_INFINITY) requirePositiveInteger('earlyStopping.patience', patience)
  return earlyStopping
}

function chosenOptimizer({ optimizer = 'adam' }: FitOptions): Optimizer | tf.Optimizer {
  if (optimizer === 'adam') return adam()
  if (optimizer === 'sgd') return sgd()
  if (typeof optimizer === 'object') return optimizer
  throw new InvalidOptionError('optimizer', optimizer, "'adam', 'sgd', adam(...), adamW(...), sgd(...) or a tf.Optimizer")
}

function chosenRate(optimizer: Optimizer | tf.Optimizer, { learningRate }: FitOptions): LearningRateSchedule | undefined {
  if (optimizer instanceof tf.Optimizer) {
    if (learningRate === undefined) return undefined
    throw new InvalidOptionError('learningRate', learningRate, 'to be left out where optimizer is one of tfjs, which has its own')
  }
  return typeof learningRate === 'object' ? learningRate : constantRate(learningRate ?? DEFAULT_LEARNING_RATE)
}
