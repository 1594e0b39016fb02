import * as tf from '@tensorflow/tfjs'
import { Poisson } from '@tfjs-bayes/distributions'
import { elementwiseLikelihood } from './elementwiseLikelihood.ts'
import type { Likelihood } from './likelihood.ts'

/**
 * Counts: Poisson with the logarithm of its rate as the output.
 *
 * Outputs of the model: log rates [rows, ...]. Targets: counts 0, 1, 2, ... of the same shape; [rows] for a model with one output.
 * The prediction error is the squared error of the mean rate over the draws.
 *
 * @returns the likelihood, in nats a row; it refuses targets that are no counts (InvalidTargetError) before training
 */
export function poisson(): Likelihood {
  return elementwiseLikelihood({
    name: 'poisson',
    targets: { expected: 'a count: an integer of at least 0', allows: (value) => Number.isInteger(value) && value >= 0 },
    distribution: (logRate) => new Poisson({ rate: tf.exp(logRate) }),
  })
}
