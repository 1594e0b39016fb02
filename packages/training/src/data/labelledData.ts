import type * as tf from '@tensorflow/tfjs'
import { requireFinite } from '../checks/data.ts'
import type { Likelihood } from '../likelihoods/likelihood.ts'

/** Inputs and targets, one row an example; they stay the caller's. */
export interface LabelledData {
  /** [rows, ...], finite. */
  readonly x: tf.Tensor
  /** [rows, ...], what the likelihood takes. */
  readonly y: tf.Tensor
}

/**
 * Checks the values of inputs and targets.
 *
 * @returns the targets in the likelihood's form: a new tensor that the caller owns
 * @throws NonFiniteDataError, ShapeMismatchError or InvalidTargetError
 */
export async function checkedTargets(
  what: string,
  { x, y }: LabelledData,
  likelihood: Likelihood,
  outputShape: readonly (number | null)[],
): Promise<tf.Tensor> {
  await requireFinite(`${what}.x`, x)
  return likelihood.prepareTargets ? likelihood.prepareTargets(`${what}.y`, y, outputShape) : y.clone()
}
