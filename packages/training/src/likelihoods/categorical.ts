import * as tf from '@tensorflow/tfjs'
import { categoricalLogLikelihood } from '@tfjs-bayes/distributions'
import { requireLogits } from '../checks/model.ts'
import { requireNonNegative } from '../checks/options.ts'
import { InvalidTargetError, ShapeMismatchError } from '../errors.ts'
import type { Likelihood } from './likelihood.ts'

export interface CategoricalOptions {
  /** How many times an example of each class counts, [classes], each 0 or more; default once. */
  readonly classWeights?: readonly number[]
}

/**
 * One of K classes: log softmax of the logits at the label, in nats.
 *
 * Outputs of the model: logits [rows, K] (no softmax). Targets: class indices from 0 to K - 1, [rows] or [rows, 1], int32 or float32 holding integers;
 * or one-hot rows [rows, K]. The prediction error is 1 where the class with the largest mean probability over the draws is not the label.
 *
 * @throws InvalidOptionError
 */
export function categorical({ classWeights }: CategoricalOptions = {}): Likelihood {
  classWeights?.forEach((weight, k) => {
    requireNonNegative(`classWeights[${k}]`, weight)
  })
  return {
    name: 'categorical',
    ...(classWeights && { settings: { classWeights } }),
    logLikelihood: (logits, labels) => {
      if (!classWeights) return categoricalLogLikelihood(logits, labels)
      return tf.tidy(() => {
        const weights = tf.tensor2d(classWeights as number[], [classWeights.length, 1])
        // A product instead of a gather, whose gradient has no wasm kernel; labels have none.
        const weight = tf.matMul(tf.oneHot(labels as tf.Tensor1D, classWeights.length).toFloat(), weights).reshape(labels.shape)
        return tf.mul(categoricalLogLikelihood(logits, labels), weight)
      })
    },
    prepareTargets: (what, y, outputShape) => preparedLabels(what, y, outputShape, classWeights?.length),
    predictionError: (logits, labels) =>
      tf.tidy(() => {
        const predicted = tf.argMax(tf.mean(tf.softmax(logits), 0), -1)
        return tf.notEqual(predicted, labels).toFloat()
      }),
    checkModel: requireLogits,
  }
}

async function preparedLabels(
  what: string,
  y: tf.Tensor,
  outputShape: readonly (number | null)[],
  weights: number | undefined,
): Promise<tf.Tensor> {
  const [rows = 0] = y.shape
  const classes = outputShape[1]!
  if (outputShape.length !== 2) {
    throw new ShapeMismatchError(
      'The output of the model',
      outputShape.map((size) => size ?? -1),
      '[rows, classes]',
    )
  }
  if (weights !== undefined && weights !== classes) {
    throw new ShapeMismatchError('classWeights', [weights], `one weight for each of the ${classes} outputs of the model`)
  }
  if (y.rank === 2 && y.shape[1] === classes && classes > 1) return labelsOfOneHot(what, y)
  if (y.size !== rows || y.rank > 2) {
    throw new ShapeMismatchError(what, y.shape, `[${rows}]: one class index a row; or one-hot rows, [${rows}, ${classes}]`)
  }
  const values = await y.data()
  values.forEach((value, index) => {
    if (!Number.isInteger(value) || value < 0 || value >= classes) {
      const expected = `a class index: an integer from 0 to ${classes - 1}, the model has ${classes} outputs`
      throw new InvalidTargetError(what, value, index, expected)
    }
  })
  return tf.tidy(() => y.reshape([rows]).toInt())
}

async function labelsOfOneHot(what: string, y: tf.Tensor): Promise<tf.Tensor> {
  const [rows, classes] = y.shape as [number, number]
  const values = await y.data()
  const labels = Int32Array.from({ length: rows }, (_, row) => {
    const ones = values.subarray(row * classes, (row + 1) * classes)
    const label = ones.indexOf(1)
    const bad = ones.findIndex((value, k) => value !== (k === label ? 1 : 0))
    if (bad >= 0 || label < 0) {
      throw new InvalidTargetError(what, ones[Math.max(0, bad)]!, row, 'a one-hot row: one 1 and otherwise 0')
    }
    return label
  })
  return tf.tensor1d(labels, 'int32')
}
