import type * as tf from '@tensorflow/tfjs'
import { type Mode, variationalLayers } from '@tfjs-bayes/layers'
import { requireBuiltModel } from '../checks/model.ts'
import { requireObject, requirePositiveInteger, requireSeed } from '../checks/options.ts'
import { inputParts, rowsOf } from '../data/labelledData.ts'
import type { Rows } from '../data/rows.ts'
import type { Named, Several } from '../data/several.ts'
import { type DrawNoise, requireDrawNoise } from '../draws/drawNoise.ts'
import { InvalidOptionError } from '../errors.ts'
import { outputNames } from '../model/severalTensors.ts'

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
  /** Which output of a model with several: its name or its place. The same seed gives each of them the same draws. */
  readonly output?: string | number
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
  readonly inputs: readonly Named<Rows>[]
  readonly rows: number
  readonly samples: number
  readonly batchSize: number
  readonly mode: Mode
  readonly noise: DrawNoise
  readonly seed: number
}

/** Checks options and the shape of the inputs, before any work. */
export function drawPlan(model: tf.LayersModel, x: Several<Rows>, options: DrawOptions): DrawPlan {
  requireBuiltModel(model)
  requireObject('options', options, '{ seed }')
  const { seed, samples = 100, batchSize = 1000, mode = 'sample', noise = 'independent' } = options
  const inputs = inputParts('x', x, model)
  requireSeed('seed', seed)
  requirePositiveInteger('samples', samples)
  requirePositiveInteger('batchSize', batchSize)
  if (mode !== 'sample' && mode !== 'mean') throw new InvalidOptionError('mode', mode, "'sample' or 'mean'")
  requireDrawNoise(noise, model, samples)
  const once = mode === 'mean' || variationalLayers(model).length === 0
  return { inputs, rows: rowsOf(inputs), samples: once ? 1 : samples, batchSize, mode, noise, seed }
}

/**
 * The place of the output that is asked for.
 *
 * @throws InvalidOptionError where a model has several, and none or an unknown one is named
 */
export function outputOf(model: tf.LayersModel, { output }: Pick<DrawOptions, 'output'>): number {
  const names = outputNames(model)
  const place = typeof output === 'string' ? names.indexOf(output) : (output ?? (names.length === 1 ? 0 : -1))
  if (place in names) return place
  throw new InvalidOptionError('output', output, `one of ${names.map((name) => `'${name}'`).join(', ')}, or its place`)
}
