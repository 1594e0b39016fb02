import * as tf from '@tensorflow/tfjs'
import { elboTerms } from '../elbo/elboTerms.ts'
import { negativeElbo } from '../elbo/negativeElbo.ts'
import type { Likelihood } from '../likelihoods/likelihood.ts'
import { clippedGradients } from '../optimizers/clippedGradients.ts'
import type { OptimizerRun } from '../optimizers/optimizer.ts'

export interface TrainingStepOptions {
  readonly model: tf.LayersModel
  readonly likelihood: Likelihood
  /** What is trained; the optimizer was started on the same list. */
  readonly variables: readonly tf.Variable[]
  readonly optimizer: OptimizerRun
  readonly datasetSize: number
  readonly samples: number
  readonly seed: number
  /** Bound of the gradients' global norm; none where it is undefined. */
  readonly clipNorm?: number | undefined
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
 * @param learningRate float32 scalar
 */
export type TrainingStep = (
  x: tf.Tensor,
  y: tf.Tensor,
  counter: tf.Scalar,
  beta: tf.Scalar,
  learningRate: tf.Scalar,
) => TrainingStepResult

/**
 * Makes the training step: forward, negative ELBO, backward, optimizer. A pure function of its arguments and the model's variables; nothing is
 * read back and nothing but the arguments changes from call to call, so that it can be compiled to one graph.
 */
export function trainingStep(options: TrainingStepOptions): TrainingStep {
  const { variables, optimizer, datasetSize, clipNorm } = options
  const terms = elboTerms({ ...options, training: true })
  return (x, y, counter, beta, learningRate) =>
    tf.tidy(() => {
      let result: TrainingStepResult | undefined
      const loss = (): tf.Scalar => {
        const { nll, kl } = terms(x, y, counter)
        // The tape's own scope would end them; the enclosing tidy hands them to the caller.
        result = { nll: tf.keep(nll), kl: tf.keep(kl) }
        return negativeElbo({ nll, kl, datasetSize, beta })
      }
      const { grads } = tf.variableGrads(loss, [...variables])
      const gradients = variables.map((variable) => grads[variable.name])
      optimizer.apply(clipNorm === undefined ? gradients : clippedGradients(gradients, clipNorm), learningRate)
      return result!
    })
}
