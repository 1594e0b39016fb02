import type * as tf from '@tensorflow/tfjs'
import { requireBuiltModel } from '../checks/model.ts'
import { requireObject, requirePositiveInteger, requireSeed } from '../checks/options.ts'
import type { SourceBatch } from '../data/batchSource.ts'
import type { LabelledData } from '../data/labelledData.ts'
import type { Several } from '../data/several.ts'
import type { DataStream } from '../data/streamBatches.ts'
import type { Likelihood } from '../likelihoods/likelihood.ts'
import { likelihoodsOf } from '../likelihoods/likelihoodsOf.ts'
import { EventLoop } from '../loop/eventLoop.ts'
import { deriveSeed, SeedPurpose } from '../random/deriveSeed.ts'
import { Evaluation } from './evaluation.ts'
import { requireScorable, scoredData } from './scoredData.ts'

export interface EvaluateElboOptions {
  /** For a model with several outputs one for each, by place or by name. */
  readonly likelihood: Several<Likelihood>
  /** N of the training set: the KL is shared out among its examples, whatever number of rows is scored here. */
  readonly datasetSize: number
  /** int32; the same seed gives the same bits. */
  readonly seed: number
  /** Draws S of the weights a batch; default 1. */
  readonly samples?: number
  /** Rows at once; default 1000. A stream's batches are as long as they come. */
  readonly batchSize?: number
  /** Ends the evaluation with the signal's reason as the error. */
  readonly signal?: AbortSignal
}

/** Per example and in nats, except where it says otherwise. */
export interface ElboEvaluation {
  /** -(nll + klPerExample). */
  readonly elbo: number
  /** Mean over rows and draws of the negative log-likelihood, summed over the outputs. */
  readonly nll: number
  /** KL(q || p), summed over the weights, in nats. */
  readonly kl: number
  /** kl / N. */
  readonly klPerExample: number
  /** Mean prediction error of the S draws together: share of wrong classes, or mean squared error; absent where the likelihood has none, and with several outputs. */
  readonly error?: number
}

/**
 * Estimates the evidence lower bound of a model on data that need not be its training data.
 *
 * The NLL is that of single draws, averaged (what the ELBO is made of), not that of the averaged prediction: for the latter see `predictive`. Memory is bounded
 * whatever S and the number of rows.
 *
 * @param data x [rows, ...] and y [rows, ...], or a stream of batches
 * @returns ELBO, NLL and KL per example in nats, as numbers; the error where the likelihood has one
 * @throws InvalidOptionError, ShapeMismatchError, NonFiniteDataError, InvalidTargetError or UnsupportedModelError
 */
export async function evaluateElbo(
  model: tf.LayersModel,
  data: LabelledData | DataStream,
  options: EvaluateElboOptions,
): Promise<ElboEvaluation> {
  requireBuiltModel(model)
  requireObject('options', options, '{ likelihood, datasetSize, seed }')
  const { datasetSize, seed, samples = 1, batchSize = 1000, signal } = options
  const likelihoods = likelihoodsOf(model, options.likelihood)
  requireScorable('data', data, model, likelihoods)
  requirePositiveInteger('datasetSize', datasetSize)
  requirePositiveInteger('samples', samples)
  requirePositiveInteger('batchSize', batchSize)
  requireSeed('seed', seed)
  const scored = await scoredData('data', data, model, likelihoods, batchSize)
  const evaluation = new Evaluation({
    model,
    likelihood: scored.likelihood,
    samples,
    seed: deriveSeed(seed, SeedPurpose.evaluationNoise),
    batchRows: scored.batchRows,
  })
  try {
    return await evaluated(evaluation, scored.batches(0), { datasetSize, ...(signal && { signal }) })
  } finally {
    evaluation.dispose()
    scored.dispose()
  }
}

/** Scores batches, and puts them together weighted by their rows. */
export async function evaluated(
  evaluation: Evaluation,
  batches: Iterable<SourceBatch> | AsyncIterable<SourceBatch>,
  { datasetSize, signal }: { readonly datasetSize: number; readonly signal?: AbortSignal },
): Promise<ElboEvaluation> {
  let rows = 0
  const sums = { nll: 0, kl: 0, error: 0 }
  let hasError = false
  const eventLoop = new EventLoop()
  for await (const { batch, rows: batchRows, inputs, dispose } of batches) {
    try {
      if (eventLoop.due) await eventLoop.turn()
      signal?.throwIfAborted()
      const { nll, kl, error } = await evaluation.score(inputs[0]!, inputs[1]!, batch)
      hasError = error !== undefined
      rows += batchRows
      sums.nll += nll * batchRows
      sums.kl += kl * batchRows
      sums.error += (error ?? 0) * batchRows
    } finally {
      dispose()
    }
  }
  const [nll, kl] = [sums.nll / rows, sums.kl / rows]
  const klPerExample = kl / datasetSize
  return { elbo: -(nll + klPerExample), nll, kl, klPerExample, ...(hasError && { error: sums.error / rows }) }
}
