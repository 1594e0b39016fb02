import * as tf from '@tensorflow/tfjs'
import { categoricalLogLikelihood } from '@tfjs-bayes/distributions'
import { requireLogits } from '../checks/model.ts'
import { InvalidTargetError, ShapeMismatchError } from '../errors.ts'
import type { Likelihood } from './likelihood.ts'

/**
 * One of K classes: log softmax of the logits at the label, in nats.
 *
 * Outputs of the model: logits [rows, K] (no softmax). Targets: class indices from 0 to K - 1, [rows] or [rows, 1], int32 or float32 holding integers.
 * The prediction error is 1 where the class with the largest mean probability over the draws is not the label.
 */
export function categorical(): Likelihood {
  return {
    name: 'categorical',
    logLikelihood: (logits, labels) => categoricalLogLikelihood(logits, labels),
    prepareTargets: prepareLabels,
    predictionError: (logits, labels) =>
      tf.tidy(() => {
        const predicted = tf.argMax(tf.mean(tf.softmax(logits), 0), -1)
        return tf.notEqual(predicted, labels).toFloat()
      }),
    checkModel: requireLogits,
  }
}

async function prepareLabels(what: string, y: tf.Tensor, outputShape: readonly (number | null)[]): Promise<tf.Tensor> {
  const rows = y.shape[0] ?? 0
  if (outputShape.length !== 2)
    throw new ShapeMismatchError('The output of the model', knownSizes(outputShape), '[rows, classes]')
  if (y.size !== rows || y.rank > 2) {
    throw new ShapeMismatchError(
      what,
      y.shape,
      `[${rows}]: one class index a row (tf.argMax(${what}, -1) makes them from one-hot rows)`,
    )
  }
  const classes = outputShape[1]!
  const values = await y.data()
  values.forEach((value, index) => {
    if (!Number.isInteger(value) || value < 0 || value >= classes) {
      throw new InvalidTargetError(
        what,
        value,
        index,
        `a class index: an integer from 0 to ${classes - 1}, the model has ${classes} outputs`,
      )
    }
  })
  return tf.tidy(() => y.reshape([rows]).toInt())
}

const knownSizes = (shape: readonly (number | null)[]): number[] => shape.map((size) => size ?? -1)
