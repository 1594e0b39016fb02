import * as tf from '@tensorflow/tfjs'
import { Bernoulli } from '@tfjs-bayes/distributions'
import { requireNoSigmoid } from '../checks/model.ts'
import { elementwiseLikelihood } from './elementwiseLikelihood.ts'
import type { Likelihood } from './likelihood.ts'

/**
 * Yes or no for each of L labels, independent given the outputs: two classes with L = 1, multi-label classification with more.
 *
 * Outputs of the model: logits [rows, L] (no sigmoid). Targets: 0 or 1, [rows, L]; [rows] where L is 1. The log-likelihood is summed over the labels.
 * The prediction error is the share of a row's labels whose mean probability over the draws is on the wrong side of a half.
 *
 * @returns the likelihood, in nats a row; it refuses targets other than 0 and 1 (InvalidTargetError) and a final sigmoid (UnsupportedModelError) before training
 */
export function bernoulli(): Likelihood {
  const likelihood = elementwiseLikelihood({
    name: 'bernoulli',
    targets: { expected: '0 or 1', allows: (value) => value === 0 || value === 1 },
    distribution: (logits) => new Bernoulli({ logits }),
    predictionError: (probability, y) => tf.notEqual(tf.greater(probability, 0.5), tf.greater(y, 0.5)).toFloat(),
  })
  return { ...likelihood, checkModel: requireNoSigmoid }
}
