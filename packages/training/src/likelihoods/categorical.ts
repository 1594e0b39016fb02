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
 * One of K classes: log softmax of the logits at the label, in nats; for sequences and images one of K classes at each place, summed over the places of a row.
 *
 * Outputs of the model: logits [rows, ..., K] (no softmax). Targets: class indices from 0 to K - 1, [rows, ...], int32 or float32 holding integers; [rows, 1] for
 * [rows]; or one-hot rows [rows, ..., K]. The prediction error is the share of a row's places where the class with the largest mean probability over the draws is
 * not the label.
 *
 * @param options.classWeights how many times each class counts, [K], finite and 0 or more; default once
 * @returns the likelihood, in nats a row
 * @throws InvalidOptionError
 */
export function categorical({ classWeights }: CategoricalOptions = {}): Likelihood {
  classWeights?.forEach((weight, k) => {
    requireNonNegative(`classWeights[${k}]`, weight)
  })
  const elements: Likelihood['elements'] = {
    logLikelihood: (logits, labels) =>
      tf.tidy(() => {
        const each = categoricalLogLikelihood(logits, labels)
        return placesOf(classWeights ? tf.mul(each, weightsOf(labels, classWeights)) : each)
      }),
    predictionError: (probabilities, labels) =>
      tf.tidy(() => placesOf(tf.notEqual(tf.argMax(probabilities, -1), labels).toFloat())),
  }
  return {
    name: 'categorical',
    ...(classWeights && { settings: { classWeights } }),
    elements,
    logLikelihood: (logits, labels) => tf.tidy(() => tf.sum(elements.logLikelihood(logits, labels), 1)),
    prepareTargets: (what, y, outputShape) => preparedLabels(what, y, outputShape, classWeights?.length),
    prediction: (logits) => tf.tidy(() => tf.mean(tf.softmax(logits), 0)),
    predictionError: (probabilities, labels) => tf.tidy(() => tf.mean(elements.predictionError(probabilities, labels), 1)),
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
  const classes = outputShape.at(-1)
  if (outputShape.length < 2 || !classes) {
    throw new ShapeMismatchError(
      'The output of the model',
      outputShape.map((size) => size ?? -1),
      '[rows, ..., classes]',
    )
  }
  if (weights !== undefined && weights !== classes) {
    throw new ShapeMismatchError('classWeights', [weights], `one weight for each of the ${classes} outputs of the model`)
  }
  // An axis that the model leaves open is as long as the targets have it.
  const places = [rows, ...outputShape.slice(1, -1).map((size, i) => size ?? y.shape[i + 1] ?? -1)]
  if (classes > 1 && tf.util.arraysEqual(y.shape, [...places, classes])) return labelsOfOneHot(what, y)
  if (!tf.util.arraysEqual(y.shape, places) && !tf.util.arraysEqual(y.shape, [...places, 1])) {
    const each = places.length === 1 ? 'one class index a row; or one-hot rows' : 'a class index for each place; or one-hot'
    throw new ShapeMismatchError(what, y.shape, `[${places.join(', ')}]: ${each}, [${[...places, classes].join(', ')}]`)
  }
  const values = await y.data()
  values.forEach((value, index) => {
    if (!Number.isInteger(value) || value < 0 || value >= classes) {
      const expected = `a class index: an integer from 0 to ${classes - 1}, the model has ${classes} outputs`
      throw new InvalidTargetError(what, value, index, expected)
    }
  })
  return tf.tidy(() => y.reshape(places).toInt())
}

async function labelsOfOneHot(what: string, y: tf.Tensor): Promise<tf.Tensor> {
  const places = y.shape.slice(0, -1)
  const classes = y.shape.at(-1)!
  const values = await y.data()
  const labels = Int32Array.from({ length: tf.util.sizeFromShape(places) }, (_, place) => {
    const ones = values.subarray(place * classes, (place + 1) * classes)
    const label = ones.indexOf(1)
    const bad = ones.findIndex((value, k) => value !== (k === label ? 1 : 0))
    if (bad >= 0 || label < 0) {
      throw new InvalidTargetError(what, ones[Math.max(0, bad)]!, place, 'a one-hot row: one 1 and otherwise 0')
    }
    return label
  })
  return tf.tensor(labels, places, 'int32')
}

/** The weight of each label's class. A product instead of a gather, whose gradient has no wasm kernel; labels have none. */
function weightsOf(labels: tf.Tensor, classWeights: readonly number[]): tf.Tensor {
  const weights = tf.tensor2d([...classWeights], [classWeights.length, 1])
  return tf.matMul(tf.oneHot(labels.flatten().toInt(), classWeights.length).toFloat(), weights).reshape(labels.shape)
}

/** [rows, ...] as [rows, places]. */
const placesOf = (values: tf.Tensor): tf.Tensor2D => values.reshape([values.shape[0]!, -1])
