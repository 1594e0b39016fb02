import * as tf from '@tensorflow/tfjs'
import { requireSameRows } from '../checks/data.ts'
import { requireInputShape, requireTrainableModel } from '../checks/model.ts'
import { requirePositive, requirePositiveInteger, requireSeed } from '../checks/options.ts'
import { InvalidOptionError } from '../errors.ts'
import type { BetaSchedule } from '../schedules/betaSchedule.ts'
import { constantBeta } from '../schedules/constantBeta.ts'
import type { FitOptions, TrainingData } from './fitOptions.ts'

/** The checked choices of a run, with every default filled in. */
export interface FitPlan {
  readonly rows: number
  readonly batchSize: number
  readonly datasetSize: number
  readonly samples: number
  readonly validationSamples: number
  readonly beta: BetaSchedule
}

const DEFAULT_BATCH_SIZE = 128
const DEFAULT_LEARNING_RATE = 1e-3

/** Checks options and shapes, before any work. */
export function fitPlan(model: tf.LayersModel, data: TrainingData, options: FitOptions): FitPlan {
  const { epochs, seed, beta = 1, samples = 1, validationSamples = 1, likelihood } = options
  requireTrainableModel(model)
  likelihood.checkModel?.(model)
  requireSameRows('data', data.x, data.y)
  requireInputShape('data.x', data.x, model)
  if (data.validation) {
    requireSameRows('validation', data.validation.x, data.validation.y)
    requireInputShape('validation.x', data.validation.x, model)
  }
  const rows = data.x.shape[0]!
  const { datasetSize = rows, batchSize = Math.min(DEFAULT_BATCH_SIZE, rows) } = options
  requirePositiveInteger('epochs', epochs)
  requirePositiveInteger('batchSize', batchSize)
  requirePositiveInteger('samples', samples)
  requirePositiveInteger('validationSamples', validationSamples)
  requirePositiveInteger('datasetSize', datasetSize)
  requireSeed('seed', seed)
  if (datasetSize < batchSize) {
    throw new InvalidOptionError(
      'datasetSize',
      datasetSize,
      `at least the batchSize, ${batchSize}: it is the number of training examples`,
    )
  }
  if (datasetSize < rows) {
    throw new InvalidOptionError(
      'datasetSize',
      datasetSize,
      `at least the ${rows} rows of data.x: it is the number of training examples`,
    )
  }
  return { rows, batchSize, datasetSize, samples, validationSamples, beta: typeof beta === 'number' ? constantBeta(beta) : beta }
}

/** The optimizer of a run, and whether the run owns it. */
export function chosenOptimizer({ optimizer = 'adam', learningRate }: FitOptions): { optimizer: tf.Optimizer; owned: boolean } {
  if (optimizer instanceof tf.Optimizer) {
    if (learningRate !== undefined) {
      throw new InvalidOptionError('learningRate', learningRate, 'to be left out where optimizer is an object, which has its own')
    }
    return { optimizer, owned: false }
  }
  const rate = learningRate ?? DEFAULT_LEARNING_RATE
  requirePositive('learningRate', rate)
  if (optimizer === 'adam') return { optimizer: tf.train.adam(rate), owned: true }
  if (optimizer === 'sgd') return { optimizer: tf.train.sgd(rate), owned: true }
  throw new InvalidOptionError('optimizer', optimizer, "'adam', 'sgd' or a tf.Optimizer")
}
