import * as tf from '@tensorflow/tfjs'
import { requireTrainableModel } from '../checks/model.ts'
import { requireObject, requirePositiveInteger } from '../checks/options.ts'
import { dataParts, type LabelledData, rowsOf } from '../data/labelledData.ts'
import { isRows, type Rows, releaseRows, rowsTensor } from '../data/rows.ts'
import { mapSeveral, type Several } from '../data/several.ts'
import { InvalidOptionError } from '../errors.ts'
import { likelihoodsOf } from '../likelihoods/likelihoodsOf.ts'
import { copied } from '../posttraining/copyModel.ts'
import { shuffledOrder } from '../random/shuffledOrder.ts'
import { type GradientVarianceOptions, gradientVariance, type LayerGradientVariance } from './gradientVariance.ts'

/** A way to estimate the gradient. 'weightSamplingPerExample' draws the weights anew for each example, which no training could afford. */
export type GradientEstimator = 'weightSampling' | 'weightSamplingPerExample' | 'flipout' | 'localReparameterization'

export interface GradientMeterOptions extends Omit<GradientVarianceOptions, 'drawFor'> {
  /** Sizes of the minibatches, each from 1 to the rows of the data. */
  readonly batchSizes: readonly number[]
  /** Minibatches of each size, at least 1. */
  readonly minibatches: number
  /** Default: all of them. */
  readonly estimators?: readonly GradientEstimator[]
  /**
   * Rows on which 'weightSamplingPerExample' is measured, at least 1; default 32. Its variance with M rows is that of one row over M, so it is measured once
   * and divided.
   */
  readonly exampleRows?: number
  /** Is told before each measurement. */
  readonly onMeasurement?: (estimator: GradientEstimator, batchSize: number) => void
}

/** The gradient variance of one estimator at one batch size. */
export interface GradientMeterReading {
  readonly estimator: GradientEstimator
  readonly batchSize: number
  readonly layers: readonly LayerGradientVariance[]
}

const ALL: readonly GradientEstimator[] = ['weightSampling', 'weightSamplingPerExample', 'flipout', 'localReparameterization']

/**
 * The noise in the gradient as batches grow, of each estimator at the same weights and on the same minibatches: after table 1 of Kingma, Salimans & Welling
 * (2015), "Variational Dropout and the Local Reparameterization Trick".
 *
 * Where rows have their noise apart the variance falls as 1 / M; with one weight draw for the batch it falls to a floor, the covariance between rows
 * (equation 5). As in `gradientVariance` it is the variance over the noise alone, per parameter, averaged over a layer's kernel.
 *
 * @param model whose posterior it is; it is left as it is, whatever estimator its layers have
 * @param data rows from which minibatches are drawn, x [rows, ...] and y [rows, ...]
 * @returns one reading for each estimator and batch size, in this order
 * @throws as `gradientVariance`; InvalidOptionError where a batch size is no integer or more than the rows
 */
export async function gradientMeter(
  model: tf.LayersModel,
  data: LabelledData,
  options: GradientMeterOptions,
): Promise<GradientMeterReading[]> {
  requireTrainableModel(model)
  requireObject('data', data, '{ x, y }')
  requireObject('options', options, '{ likelihood, datasetSize, batchSizes, minibatches, draws, seed }')
  const { batchSizes, minibatches, estimators = ALL, exampleRows = 32, onMeasurement, ...measured } = options
  if (!Array.isArray(batchSizes)) throw new InvalidOptionError('batchSizes', batchSizes, 'an array of sizes')
  const rows = rowsOf(dataParts('data', data, model, likelihoodsOf(model, options.likelihood)).x)
  for (const size of batchSizes) {
    if (!Number.isSafeInteger(size) || size < 1 || size > rows) {
      throw new InvalidOptionError('batchSizes', size, `integers from 1 to ${rows}, the rows of the data`)
    }
  }
  requirePositiveInteger('minibatches', minibatches)
  requirePositiveInteger('exampleRows', exampleRows)
  for (const estimator of estimators) {
    if (!ALL.includes(estimator)) throw new InvalidOptionError('estimators', estimator, `some of ${ALL.join(', ')}`)
  }
  const readings: GradientMeterReading[] = []
  for (const estimator of estimators) {
    const perExample = estimator === 'weightSamplingPerExample'
    const twin = withEstimator(model, perExample ? 'weightSampling' : estimator)
    try {
      const at = async (size: number, count: number): Promise<LayerGradientVariance[]> => {
        const batches = minibatchesOf(data, { rows, size, count, seed: options.seed })
        try {
          return await gradientVariance(twin, batches, { ...measured, drawFor: perExample ? 'example' : 'batch' })
        } finally {
          tf.dispose(batches as unknown as tf.TensorContainer)
        }
      }
      if (perExample) {
        onMeasurement?.(estimator, 1)
        const one = await at(1, Math.min(exampleRows, rows))
        for (const batchSize of batchSizes) {
          const layers = one.map(({ layer, mu, rho }) => ({ layer, mu: mu / batchSize, rho: rho / batchSize }))
          readings.push({ estimator, batchSize, layers })
        }
      } else {
        for (const batchSize of batchSizes) {
          onMeasurement?.(estimator, batchSize)
          readings.push({ estimator, batchSize, layers: await at(batchSize, minibatches) })
        }
      }
    } finally {
      twin.dispose()
    }
  }
  return readings
}

/** A copy of a model in which every variational layer has another estimator; weights and names stay. */
function withEstimator(model: tf.LayersModel, estimator: Exclude<GradientEstimator, 'weightSamplingPerExample'>): tf.LayersModel {
  return copied(model, ({ config }) => ('estimator' in config && 'kl' in config ? { ...config, estimator } : config))
}

/** Minibatches of random rows, the same for every estimator; the tensors are the caller's. */
function minibatchesOf(
  { x, y }: LabelledData,
  { rows, size, count, seed }: { readonly rows: number; readonly size: number; readonly count: number; readonly seed: number },
): { readonly x: Several<tf.Tensor>; readonly y: Several<tf.Tensor> }[] {
  return Array.from({ length: count }, (_, i) => {
    const taken = tf.tensor1d(shuffledOrder(rows, seed, i).slice(0, size), 'int32')
    const gathered = (all: Rows): tf.Tensor => {
      const tensor = rowsTensor(all)
      const part = tf.gather(tensor, taken)
      releaseRows(all, tensor)
      return part
    }
    const batch = { x: mapSeveral(x, isRows, gathered), y: mapSeveral(y, isRows, gathered) }
    taken.dispose()
    return batch
  })
}
