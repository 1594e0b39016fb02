import * as tf from '@tensorflow/tfjs'
import { compile } from '@tfjs-bayes/backend/compile'
import { requireSameRows } from '../checks/data.ts'
import { requireInputShape, requireSingleInputAndOutput } from '../checks/model.ts'
import { requirePositiveInteger, requireSeed } from '../checks/options.ts'
import { type LabelledData, type PreparedData, preparedData, requireMaskable } from '../data/labelledData.ts'
import type { Likelihood } from '../likelihoods/likelihood.ts'
import { batchRanges } from '../loop/batchRanges.ts'
import { EventLoop } from '../loop/eventLoop.ts'
import { deriveSeed, SeedPurpose } from '../random/deriveSeed.ts'
import { type EvaluationStep, evaluationStep } from './evaluationStep.ts'

export interface EvaluateElboOptions {
  readonly likelihood: Likelihood
  /** N of the training set: the KL is shared out among its examples, whatever number of rows is scored here. */
  readonly datasetSize: number
  /** int32; the same seed gives the same bits. */
  readonly seed: number
  /** Draws S of the weights a batch; default 1. */
  readonly samples?: number
  /** Rows at once; default 1000. */
  readonly batchSize?: number
  /** Ends the evaluation with the signal's reason as the error. */
  readonly signal?: AbortSignal
}

/** Per example and in nats, except where it says otherwise. */
export interface ElboEvaluation {
  /** -(nll + klPerExample). */
  readonly elbo: number
  /** Mean over rows and draws of the negative log-likelihood. */
  readonly nll: number
  /** KL(q || p), summed over the weights, in nats. */
  readonly kl: number
  /** kl / N. */
  readonly klPerExample: number
  /** Mean prediction error of the S draws together: share of wrong classes, or mean squared error; absent where the likelihood has none. */
  readonly error?: number
}

/**
 * Estimates the evidence lower bound of a model on data that need not be its training data.
 *
 * The NLL is that of single draws, averaged (what the ELBO is made of), not that of the averaged prediction: for the latter see `predictive`.
 *
 * @param data x [rows, ...] and y [rows, ...]
 * @throws InvalidOptionError, ShapeMismatchError, NonFiniteDataError, InvalidTargetError or UnsupportedModelError
 */
export async function evaluateElbo(
  model: tf.LayersModel,
  data: LabelledData,
  options: EvaluateElboOptions,
): Promise<ElboEvaluation> {
  const { likelihood, datasetSize, seed, samples = 1, batchSize = 1000, signal } = options
  requireSingleInputAndOutput(model)
  likelihood.checkModel?.(model)
  requireSameRows('data', data.x, data.y)
  requireInputShape('data.x', data.x, model)
  requireMaskable('data', data, likelihood)
  requirePositiveInteger('datasetSize', datasetSize)
  requirePositiveInteger('samples', samples)
  requirePositiveInteger('batchSize', batchSize)
  requireSeed('seed', seed)
  const prepared = await preparedData('data', data, likelihood, model)
  const step = compile(
    evaluationStep({ model, likelihood: prepared.likelihood, samples, seed: deriveSeed(seed, SeedPurpose.evaluationNoise) }),
  )
  try {
    return await evaluated(step, prepared, { datasetSize, batchSize, ...(signal && { signal }) })
  } finally {
    step.dispose()
    prepared.dispose()
  }
}

/** Runs an evaluation step over all rows and puts the batches together, weighted by their rows. */
export async function evaluated(
  step: EvaluationStep,
  { x, y }: Pick<PreparedData, 'x' | 'y'>,
  { datasetSize, batchSize, signal }: { readonly datasetSize: number; readonly batchSize: number; readonly signal?: AbortSignal },
): Promise<ElboEvaluation> {
  const rows = x.shape[0]!
  const sums = [0, 0, 0]
  let hasError = false
  const eventLoop = new EventLoop()
  for (const range of batchRanges(rows, batchSize)) {
    if (eventLoop.due) await eventLoop.turn()
    signal?.throwIfAborted()
    const scores = tf.tidy(() => {
      const counter = tf.scalar(range.batch, 'int32')
      return step(tf.slice(x, range.start, range.rows), tf.slice(y, range.start, range.rows), counter)
    })
    const values = await scores.data()
    scores.dispose()
    hasError = values.length === 3
    values.forEach((value, i) => {
      sums[i]! += (value * range.rows) / rows
    })
  }
  const [nll, kl, error] = sums as [number, number, number]
  const klPerExample = kl / datasetSize
  return { elbo: -(nll + klPerExample), nll, kl, klPerExample, ...(hasError && { error }) }
}
