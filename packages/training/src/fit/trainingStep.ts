import * as tf from '@tensorflow/tfjs'
import { elboTerms } from '../elbo/elboTerms.ts'
import { negativeElbo } from '../elbo/negativeElbo.ts'
import type { Likelihood } from '../likelihoods/likelihood.ts'

export interface TrainingStepOptions {
  readonly model: tf.LayersModel
  readonly likelihood: Likelihood
  /** Stays the caller's; its state lives in variables, so that a compiled step updates it too. */
  readonly optimizer: tf.Optimizer
  /** N, the number of training examples; the KL enters as beta * KL / N. */
  readonly datasetSize: number
  /** Forward passes a step, >= 1: their NLLs are averaged, the KL counts once. */
  readonly samples: number
  /** int32; together with the step's counter it picks the noise. */
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
 * Makes the training step that `fit` takes, for a loop of your own: forward, negative ELBO, backward, optimizer.
 *
 * It is a pure function of its arguments and the model's variables; nothing is read back and nothing but the arguments changes from call to call, so
 * that `compile` of @tfjs-bayes/backend/compile can make it one graph. Arguments are not checked at each step: `fit` checks the data once.
 *
 * @returns the step; it gives the NLL (nats, mean over the rows) and the KL (nats, summed over the weights) from before its update
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
