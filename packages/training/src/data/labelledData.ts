import type * as tf from '@tensorflow/tfjs'
import { requireFinite } from '../checks/data.ts'
import { InvalidTargetError, ShapeMismatchError } from '../errors.ts'
import type { Likelihood } from '../likelihoods/likelihood.ts'
import { weightedLikelihood } from '../likelihoods/weightedLikelihood.ts'

/** Inputs and targets, one row an example; they stay the caller's. */
export interface LabelledData {
  /** [rows, ...], finite. */
  readonly x: tf.Tensor
  /** [rows, ...], what the likelihood takes. */
  readonly y: tf.Tensor
  /**
   * How many times each example counts, [rows], finite and 0 or more (0 masks it out); default once. Figures stay sums over the rows, divided by the number of
   * rows: with weights of mean 1 they read per example.
   */
  readonly weights?: tf.Tensor
}

/** Inputs, and targets in the form of the likelihood that goes with them. */
export interface PreparedData {
  readonly x: tf.Tensor
  readonly y: tf.Tensor
  readonly likelihood: Likelihood
}

/**
 * Checks the values of inputs, targets and weights.
 *
 * @returns the data in the form that training takes; `y` is a new tensor that the caller owns
 * @throws NonFiniteDataError, ShapeMismatchError or InvalidTargetError
 */
export async function preparedData(
  what: string,
  { x, y, weights }: LabelledData,
  likelihood: Likelihood,
  outputShape: readonly (number | null)[],
): Promise<PreparedData> {
  await requireFinite(`${what}.x`, x)
  if (weights) await requireWeights(`${what}.weights`, weights, x.shape[0]!)
  const prepared = likelihood.prepareTargets ? await likelihood.prepareTargets(`${what}.y`, y, outputShape) : y.clone()
  if (!weights) return { x, y: prepared, likelihood }
  const weighted = weightedLikelihood(likelihood, prepared, weights)
  prepared.dispose()
  return { x, ...weighted }
}

async function requireWeights(what: string, weights: tf.Tensor, rows: number): Promise<void> {
  if (weights.rank !== 1 || weights.size !== rows) throw new ShapeMismatchError(what, weights.shape, `[${rows}], one a row`)
  const values = await weights.data()
  const bad = values.findIndex((value) => !(value >= 0) || !Number.isFinite(value))
  if (bad >= 0) throw new InvalidTargetError(what, values[bad]!, bad, 'a finite number of at least 0')
  if (!values.some((value) => value > 0)) throw new InvalidTargetError(what, 0, 0, 'at least one weight above 0')
}
