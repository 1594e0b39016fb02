import * as tf from '@tensorflow/tfjs'
import { InvalidOptionError } from '../errors.ts'
import type { FitOptions } from '../fit/fitOptions.ts'
import type { FitPlan } from '../fit/fitPlan.ts'
import { jointLikelihood } from '../likelihoods/jointLikelihood.ts'
import { describeModel, type NamedSettings, type RunDescription } from './runDescription.ts'

/**
 * Writes down what a run is asked to do.
 *
 * @param data what tells its data from others
 * @throws InvalidOptionError where an optimizer of tfjs is used, whose state cannot be saved bit by bit
 */
export function describeRun(model: tf.LayersModel, data: string, plan: FitPlan, { seed, epochs }: FitOptions): RunDescription {
  const { optimizer, learningRate, earlyStopping, rows, batchSize, datasetSize, samples, noise, validationSamples, clipNorm } =
    plan
  if (optimizer instanceof tf.Optimizer || !learningRate) {
    throw new InvalidOptionError(
      'optimizer',
      optimizer,
      "'adam', 'sgd', adam(...), adamW(...) or sgd(...): a run that is saved needs their whole state",
    )
  }
  const [first, ...others] = plan.likelihoods
  const likelihood = others.length === 0 ? first! : jointLikelihood(model, plan.likelihoods).likelihood
  const { metric = 'elbo', patience = null } = earlyStopping ?? {}
  return {
    model: describeModel(model),
    data,
    likelihood: { name: likelihood.name, settings: likelihood.settings ?? {} },
    optimizer: named(optimizer),
    learningRate: named(learningRate),
    beta: named(plan.beta),
    seed,
    rows,
    batchSize,
    datasetSize,
    samples,
    noise,
    validationSamples,
    clipNorm: clipNorm ?? null,
    earlyStopping: earlyStopping ? { name: metric, settings: { patience: patience ?? 'none' } } : null,
    epochs,
  }
}

const named = ({ name, settings }: NamedSettings): NamedSettings => ({ name, settings })
