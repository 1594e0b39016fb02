import * as tf from '@tensorflow/tfjs'
import { Normal, softplus } from '@tfjs-bayes/distributions'
import { elementwiseLikelihood } from './elementwiseLikelihood.ts'
import type { Likelihood } from './likelihood.ts'

/**
 * Numbers with Gaussian noise whose standard deviation depends on the input.
 *
 * Outputs of the model: [rows, ..., 2 d], along the last axis first d means and then d numbers whose softplus is the standard deviation. Targets:
 * [rows, ..., d]; [rows] where d is 1. The prediction error is the squared error of the mean over the draws.
 * Nix & Weigend (1994), "Estimating the mean and variance of the target probability distribution".
 *
 * @returns the likelihood, in nats a row, with 0.5 log(2 pi); it refuses targets of another shape (ShapeMismatchError) before training
 */
export function heteroscedasticGaussian(): Likelihood {
  return elementwiseLikelihood({
    name: 'heteroscedasticGaussian',
    outputsPerTarget: 2,
    distribution: (outputs) => {
      const [mu, rho] = tf.split(outputs, 2, -1)
      return new Normal({ mu: mu!, sigma: softplus(rho!) })
    },
  })
}
