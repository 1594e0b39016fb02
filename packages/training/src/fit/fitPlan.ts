import * as tf from '@tensorflow/tfjs'
import { requireTrainableModel } from '../checks/model.ts'
import { requireNonNegative, requireObject, requirePositive, requirePositiveInteger, requireSeed } from '../checks/options.ts'
import { dataParts, rowsOf } from '../data/labelledData.ts'
import { requireStream } from '../data/streamBatches.ts'
import { requireTrainingNoise, type TrainingNoise } from '../draws/drawNoise.ts'
import { InvalidOptionError } from '../errors.ts'
import { requireScorable } from '../evaluate/scoredData.ts'
import type { Likelihood } from '../likelihoods/likelihood.ts'
import { likelihoodsOf } from '../likelihoods/likelihoodsOf.ts'
import { adam } from '../optimizers/adam.ts'
import type { Optimizer } from '../optimizers/optimizer.ts'
import { sgd } from '../optimizers/sgd.ts'
import type { BetaSchedule } from '../schedules/betaSchedule.ts'
import { constantBeta } from '../schedules/constantBeta.ts'
import { constantRate } from '../schedules/constantRate.ts'
import type { LearningRateSchedule } from '../schedules/learningRateSchedule.ts'
import type { EarlyStopping } from './bestEpoch.ts'
import type { FitOptions, TrainingData, TrainingStream } from './fitOptions.ts'

/** The checked choices of a run, with every default filled in. */
export interface FitPlan {
  /** One for each output of the model. */
  readonly likelihoods: readonly Likelihood[]
  /** Rows of an epoch. */
  readonly rows: number
  /** Batches of an epoch. */
  readonly batches: number
  readonly batchSize: number
  readonly datasetSize: number
  readonly samples: number
  readonly noise: TrainingNoise
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
  requireTrainableModel(model)
  requireObject('data', data, '{ x, y } or { stream }')
  requireObject('options', options, '{ likelihood, epochs, seed }')
  const { epochs, seed, samples = 1, noise = 'independent', validationSamples = 1, clipNorm, checkpoint } = options
  const likelihoods = likelihoodsOf(model, options.likelihood)
  if (data.validation !== undefined) requireScorable('validation', data.validation, model, likelihoods)
  requirePositiveInteger('epochs', epochs)
  requirePositiveInteger('samples', samples)
  requirePositiveInteger('validationSamples', validationSamples)
  requireTrainingNoise(noise, samples)
  requireSeed('seed', seed)
  if (clipNorm !== undefined) requirePositive('clipNorm', clipNorm)
  if (checkpoint && (typeof checkpoint.store?.latest !== 'function' || typeof checkpoint.store.save !== 'function')) {
    throw new InvalidOptionError(
      'checkpoint.store',
      checkpoint.store,
      "a store: openRunFolder(path) of '@tfjs-bayes/training/node'",
    )
  }
  if (checkpoint?.everySeconds !== undefined) requireNonNegative('checkpoint.everySeconds', checkpoint.everySeconds)
  const optimizer = chosenOptimizer(options)
  return {
    likelihoods,
    ...('stream' in data
      ? streamSizes(data, options)
      : tensorSizes(rowsOf(dataParts('data', data, model, likelihoods).x), options)),
    samples,
    noise,
    validationSamples,
    beta: chosenBeta(options),
    optimizer,
    learningRate: chosenRate(optimizer, options),
    clipNorm,
    earlyStopping: checkedEarlyStopping(data, options, likelihoods),
  }
}

type Sizes = Pick<FitPlan, 'rows' | 'batches' | 'batchSize' | 'datasetSize'>

function tensorSizes(rows: number, options: FitOptions): Sizes {
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

function streamSizes(
  { stream, batchesPerEpoch }: TrainingStream,
  { datasetSize, batchSize = DEFAULT_BATCH_SIZE }: FitOptions,
): Sizes {
  requireStream('stream', stream)
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
  { earlyStopping }: FitOptions,
  likelihoods: readonly Likelihood[],
): EarlyStopping | undefined {
  if (!earlyStopping) return undefined
  const { metric = 'elbo', patience = Number.POSITIVE_INFINITY } = earlyStopping
  if (!data.validation)
    throw new InvalidOptionError('earlyStopping', 'set', 'validation data to judge by; a test set is not for choosing')
  if (!['elbo', 'nll', 'error'].includes(metric))
    throw new InvalidOptionError('earlyStopping.metric', metric, "'elbo', 'nll' or 'error'")
  const [only] = likelihoods.length === 1 ? likelihoods : []
  if (metric === 'error' && !(only?.predictionError && only.prediction)) {
    const why = only ? `the likelihood '${only.name}' has no error` : 'several outputs have no error in common'
    throw new InvalidOptionError('earlyStopping.metric', metric, `'elbo' or 'nll': ${why}`)
  }
  if (patience !== Number.POSITIVE_INFINITY) requirePositiveInteger('earlyStopping.patience', patience)
  return earlyStopping
}

function chosenOptimizer({ optimizer = 'adam' }: FitOptions): Optimizer | tf.Optimizer {
  if (optimizer === 'adam') return adam()
  if (optimizer === 'sgd') return sgd()
  // tfjs's own instanceof fails on null.
  const known = optimizer !== null && (optimizer instanceof tf.Optimizer || typeof optimizer.start === 'function')
  if (known) return optimizer
  throw new InvalidOptionError('optimizer', optimizer, "'adam', 'sgd', adam(...), adamW(...), sgd(...) or a tf.Optimizer")
}

function chosenRate(optimizer: Optimizer | tf.Optimizer, { learningRate }: FitOptions): LearningRateSchedule | undefined {
  if (optimizer instanceof tf.Optimizer) {
    if (learningRate === undefined) return undefined
    throw new InvalidOptionError('learningRate', learningRate, 'to be left out where optimizer is one of tfjs, which has its own')
  }
  if (learningRate === undefined || typeof learningRate === 'number') return constantRate(learningRate ?? DEFAULT_LEARNING_RATE)
  if (isSchedule(learningRate)) return learningRate
  throw new InvalidOptionError(
    'learningRate',
    learningRate,
    'a number above 0, cosineRate(...), exponentialRate(...) or a schedule',
  )
}

function chosenBeta({ beta = 1 }: FitOptions): BetaSchedule {
  if (typeof beta === 'number') return constantBeta(beta)
  if (isSchedule(beta)) return beta
  throw new InvalidOptionError('beta', beta, 'a number of at least 0, or a schedule, say warmUpBeta(...)')
}

const isSchedule = (value: unknown): boolean => typeof (value as { readonly at?: unknown } | null)?.at === 'function'
