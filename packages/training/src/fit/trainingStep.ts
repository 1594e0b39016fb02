import * as tf from '@tensorflow/tfjs'
import { elboTerms } from '../elbo/elboTerms.ts'
import { negativeElbo } from '../elbo/negativeElbo.ts'
import type { Likelihood } from '../likelihoods/likelihood.ts'

export interface TrainingStepOptions {
  readonly model: tf.LayersModel
  readonly likelihood: Likelihood
  readonly optimizer: tf.Optimizer
  readonly datasetSize: number
  readonly samples: number
  readonly seed: number
}

/** The parts of the loss of one step, before its update; scalars that the caller owns. */
export type TrainingStepResult = { readonly nll: tf.Scalar; readonly kl: tf.Scalar }

/**
 * One update of the weights on one batch.
 *
 * @param x inputs of the batch, [rows, ...]
 * @param y targets of the batch, as `Likelihood.prepareTargets` gives them
 * @param counter int32 scalar: the number of the step, which picks its noise
 * @param beta float32 scalar: weight of the KL
 */
export type TrainingStep = (x: tf.Tensor, y: tf.Tensor, counter: tf.Scalar, beta: tf.Scalar) => TrainingStepResult

/**
 * Makes the training step: forward, negative ELBO, backward, optimizer. A pure function of its arguments and the model's variables; nothing is
 * read back and nothing but the arguments changes from call to call, so that it can be compiled to one graph.
 */
export function trainingStep(options: TrainingStepOptions): TrainingStep {
  const { model, optimizer, datasetSize } = options
  const terms = elboTerms({ ...options, training: true })
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable)
  return (x, y, counter, beta) =>
    tf.tidy(() => {
      let result: TrainingStepResult | undefined
      const loss = (): tf.Scalar => {
        const { nll, kl } = terms(x, y, counter)
        // The tape's own scope would end them; the enclosing tidy hands them to the caller.
        result = { nll: tf.keep(nll), kl: tf.keep(kl) }
        return negativeElbo({ nll, kl, datasetSize, beta })
      }
      optimizer.minimize(loss, false, variables)
      return result!
    })
}
