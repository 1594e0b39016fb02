import * as tf from '@tensorflow/tfjs'
import { gaussianLogLikelihood } from '@tfjs-bayes/distributions'
import { requireFinite } from '../checks/data.ts'
import { requirePositive } from '../checks/options.ts'
import { ShapeMismatchError } from '../errors.ts'
import type { Likelihood } from './likelihood.ts'

/**
 * Numbers with Gaussian noise of known standard deviation: log N(y; outputs, sigma^2), summed over the outputs of a row, in nats and with 0.5 log(2 pi).
 *
 * Outputs of the model: means [rows, ...]. Targets: the same shape; [rows] for a model with one output is taken as [rows, 1].
 * The prediction error is the squared error of the mean over the draws, averaged over the outputs of a row.
 *
 * @param options.sigma standard deviation of the noise, in the unit of y, above 0
 * @throws InvalidOptionError where sigma is not a finite number above 0
 */
export function gaussian({ sigma }: { readonly sigma: number }): Likelihood {
  requirePositive('sigma', sigma)
  return {
    name: 'gaussian',
    settings: { sigma },
    logLikelihood: (mean, y) => tf.tidy(() => sumOfRow(gaussianLogLikelihood(y, { mu: mean, sigma }))),
    prepareTargets: prepareNumbers,
    predictionError: (means, y) => tf.tidy(() => tf.mean(flatRows(tf.squaredDifference(tf.mean(means, 0), y)), 1)),
  }
}

async function prepareNumbers(what: string, y: tf.Tensor, outputShape: readonly (number | null)[]): Promise<tf.Tensor> {
  const rows = y.shape[0] ?? 0
  const expected = [rows, ...outputShape.slice(1).map((size) => size ?? -1)]
  const single = y.rank === 1 && expected.length === 2 && expected[1] === 1
  // Broadcasting [rows] against [rows, 1] would give [rows, rows]: each target would be held against every prediction.
  if (!single && !tf.util.arraysEqual(y.shape, expected)) {
    throw new ShapeMismatchError(what, y.shape, `[${expected.join(', ')}], the shape of the model's output`)
  }
  await requireFinite(what, y)
  return tf.tidy(() => y.toFloat().reshape(expected))
}

const flatRows = (values: tf.Tensor): tf.Tensor2D => values.reshape([values.shape[0]!, -1])
const sumOfRow = (values: tf.Tensor): tf.Tensor => tf.sum(flatRows(values), 1)
