import type * as tf from '@tensorflow/tfjs'
import { type Mode, variationalLayers } from '@tfjs-bayes/layers'
import { requireInputShape, requireSingleInputAndOutput } from '../checks/model.ts'
import { requirePositiveInteger, requireSeed } from '../checks/options.ts'
import { type Rows, shapeOf } from '../data/rows.ts'
import { InvalidOptionError, ShapeMismatchError } from '../errors.ts'
import { type DrawNoise, requireDrawNoise } from './drawNoise.ts'

/** How draws of a model are taken. */
export interface DrawOptions {
  /** int32; the same seed gives the same bits. */
  readonly seed: number
  /** Draws S; default 100. A model without Bayesian layers, or in mode 'mean', is run once. */
  readonly samples?: number
  /** Rows at once; default 1000. Bounds the memory, with the draws taken a few at a time. */
  readonly batchSize?: number
  /** 'sample' (default): average over draws; 'mean': one pass with the posterior means, which says nothing about the weights' uncertainty. */
  readonly mode?: Mode
  /** Whether to give the draws one by one beside what is averaged over them; default false. They take S times the memory. */
  readonly keepDraws?: boolean
  /** Default 'independent'; the others need fewer draws for the same error. */
  readonly noise?: DrawNoise
  /** Ends the prediction with the signal's reason as the error. */
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: PredictiveProgress) => void
}

export interface PredictiveProgress {
  /** Rows times draws that are done, and in all. */
  readonly done: number
  readonly total: number
  readonly etaSeconds: number
}

/** The checked choices, with every default filled in. */
export interface DrawPlan {
  readonly rows: number
  readonly samples: number
  readonly batchSize: number
  readonly mode: Mode
  readonly noise: DrawNoise
  readonly seed: number
}

/** Checks options and the shape of the inputs, before any work. */
export function drawPlan(
  model: tf.LayersModel,
  x: Rows,
  { seed, samples = 100, batchSize = 1000, mode = 'sample', noise = 'independent' }: DrawOptions,
): DrawPlan {
  requireSingleInputAndOutput(model)
  const shape = shapeOf(x)
  if (shape.length === 0 || shape[0] === 0) throw new ShapeMismatchError('x', shape, 'at least one row')
  requireInputShape('x', x, model)
  requireSeed('seed', seed)
  requirePositiveInteger('samples', samples)
  requirePositiveInteger('batchSize', batchSize)
  if (mode !== 'sample' && mode !== 'mean') throw new InvalidOptionError('mode', mode, "'sample' or 'mean'")
  requireDrawNoise(noise, model, samples)
  const once = mode === 'mean' || variationalLayers(model).length === 0
  return { rows: shape[0]!, samples: once ? 1 : samples, batchSize, mode, noise, seed }
}
