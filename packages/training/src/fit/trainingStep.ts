import * as tf from '@tensorflow/tfjs'
import { requireTrainingNoise, type TrainingNoise } from '../draws/drawNoise.ts'
import { elboTerms } from '../elbo/elboTerms.ts'
import { negativeElbo } from '../elbo/negativeElbo.ts'
import type { Likelihood } from '../likelihoods/likelihood.ts'
import { clippedGradients } from '../optimizers/clippedGradients.ts'
import type { OptimizerRun } from '../optimizers/optimizer.ts'
import { tfjsOptimizer } from '../optimizers/tfjsOptimizer.ts'

export interface TrainingStepOptions<O extends OptimizerRun | tf.Optimizer = OptimizerRun> {
  readonly model: tf.LayersModel
  readonly likelihood: Likelihood
  /** One of ours, started on `variables`, or one of tfjs. */
  readonly optimizer: O
  /** What is trained; default the trainable weights of the model and the variables of the likelihood. */
  readonly variables?: readonly tf.Variable[]
  readonly datasetSize: number
  readonly samples: number
  readonly seed: number
  /** How the noise of the S draws of a step goes together; default 'independent'. 'antithetic' needs an even S. */
  readonly noise?: TrainingNoise
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

/** A training step whose optimizer keeps its own learning rate. */
export type TfjsTrainingStep = (x: tf.Tensor, y: tf.Tensor, counter: tf.Scalar, beta: tf.Scalar) => TrainingStepResult

/**
 * Makes the training step, for a loop of one's own (`fit` is one): forward, negative ELBO, backward, optimizer. A pure function of its arguments and
 * the model's variables; nothing is read back and nothing but the arguments changes from call to call, so that it can be compiled to one graph.
 *
 * @param options model, likelihood, N, draws, seed and optimizer: see `TrainingStepOptions`
 * @returns the step, for one batch; it gives NLL and KL as scalars in nats that are the caller's
 * @throws InvalidOptionError where `noise` is 'antithetic' and `samples` odd
 */
export function trainingStep(options: TrainingStepOptions<tf.Optimizer>): TfjsTrainingStep
export function trainingStep(options: TrainingStepOptions): TrainingStep
export function trainingStep(options: TrainingStepOptions<OptimizerRun | tf.Optimizer>): TfjsTrainingStep | TrainingStep {
  const { model, datasetSize, clipNorm, likelihood } = options
  const { variables = [...trainableVariables(model), ...(likelihood.variables ?? [])] } = options
  requireTrainingNoise(options.noise ?? 'independent', options.samples)
  const terms = elboTerms(options)
  const take = (optimizer: OptimizerRun): TrainingStep => {
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
  const { optimizer } = options
  if (!(optimizer instanceof tf.Optimizer)) return take(optimizer)
  const step = take(tfjsOptimizer(optimizer, variables))
  const tfjsStep: TfjsTrainingStep = (x, y, counter, beta) => tf.tidy(() => step(x, y, counter, beta, tf.scalar(0)))
  return tfjsStep
}

/** The variables behind the trainable weights of a model, each once, in the order of `model.trainableWeights`. */
export function trainableVariables(model: tf.LayersModel): tf.Variable[] {
  return model.trainableWeights.map((weight) => weight.read() as tf.Variable)
}
