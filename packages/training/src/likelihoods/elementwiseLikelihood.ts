import * as tf from '@tensorflow/tfjs'
import type { Distribution } from '@tfjs-bayes/distributions'
import { requireFinite } from '../checks/data.ts'
import { InvalidTargetError, ShapeMismatchError } from '../errors.ts'
import type { Likelihood } from './likelihood.ts'

export interface ElementwiseOptions {
  readonly name: string
  readonly settings?: Readonly<Record<string, number>>
  readonly variables?: readonly tf.Variable[]
  /** Numbers along the last axis of the outputs for each number of a target; default 1. */
  readonly outputsPerTarget?: number
  /** What the targets may be, where that is not every finite number. */
  readonly targets?: { readonly expected: string; allows(value: number): boolean }
  distribution(outputs: tf.Tensor): Distribution
  /** How wrong the mean over the draws is, number by number, of the shape of y; default its squared error. */
  predictionError?(mean: tf.Tensor, y: tf.Tensor): tf.Tensor
}

/**
 * A likelihood whose targets are numbers that are independent given the outputs: the log-densities are summed over a row.
 *
 * The prediction is the mean of the distribution, averaged over the draws; its error is the squared one, averaged over the numbers of a row.
 */
export function elementwiseLikelihood(options: ElementwiseOptions): Likelihood {
  const { name, settings, variables, distribution } = options
  const { predictionError = (mean, y) => tf.squaredDifference(mean, y) } = options
  const elements: Likelihood['elements'] = {
    logLikelihood: (outputs, y) => tf.tidy(() => flatRows(distribution(outputs).logProb(y))),
    predictionError: (mean, y) => tf.tidy(() => flatRows(predictionError(mean, y))),
  }
  return {
    name,
    ...(settings && { settings }),
    ...(variables && { variables }),
    distribution,
    elements,
    logLikelihood: (outputs, y) => tf.tidy(() => tf.sum(elements.logLikelihood(outputs, y), 1)),
    prediction: (outputs) => tf.tidy(() => tf.mean(distribution(outputs).mean(), 0)),
    predictionError: (mean, y) => tf.tidy(() => tf.mean(elements.predictionError(mean, y), 1)),
    prepareTargets: (what, y, outputShape) => preparedNumbers(what, y, outputShape, options),
  }
}

async function preparedNumbers(
  what: string,
  y: tf.Tensor,
  outputShape: readonly (number | null)[],
  { name, outputsPerTarget = 1, targets }: ElementwiseOptions,
): Promise<tf.Tensor> {
  const rows = y.shape[0] ?? 0
  // An axis that the model leaves open is as long as the targets have it.
  const sizes = outputShape.slice(1).map((size, i) => size ?? y.shape[i + 1] ?? -1)
  const last = sizes.pop() ?? 1
  if (last % outputsPerTarget !== 0) {
    throw new ShapeMismatchError(
      'The output of the model',
      [-1, ...sizes, last],
      `a multiple of ${outputsPerTarget} numbers on its last axis, for the likelihood '${name}'`,
    )
  }
  const expected = [rows, ...sizes, last / outputsPerTarget]
  const single = y.rank === 1 && expected.length === 2 && expected[1] === 1
  // Broadcasting [rows] against [rows, 1] would give [rows, rows]: each target would be held against every prediction.
  if (!single && !tf.util.arraysEqual(y.shape, expected)) {
    const why =
      outputsPerTarget === 1
        ? "the shape of the model's output"
        : `the model's output has ${outputsPerTarget} numbers for each target`
    throw new ShapeMismatchError(what, y.shape, `[${expected.join(', ')}]: ${why}`)
  }
  await requireFinite(what, y)
  if (targets) {
    const values = await y.data()
    const bad = values.findIndex((value) => !targets.allows(value))
    if (bad >= 0) throw new InvalidTargetError(what, values[bad]!, bad, targets.expected)
  }
  return tf.tidy(() => y.toFloat().reshape(expected))
}

const flatRows = (values: tf.Tensor): tf.Tensor2D => values.reshape([values.shape[0]!, -1])
