import * as tf from '@tensorflow/tfjs'
import { ForwardPass, variationalLayers } from '@tfjs-bayes/layers'
import { drawNoise, type TrainingNoise } from '../draws/drawNoise.ts'
import type { Likelihood } from '../likelihoods/likelihood.ts'
import { modelInputs, modelOutputs } from '../model/severalTensors.ts'

/** The two parts of the ELBO on one batch, in training: layers such as dropout are at work. */
export interface ElboTerms {
  /** Negative log-likelihood in nats, averaged over the rows and the draws: a scalar. */
  readonly nll: tf.Scalar
  /** KL(q || p) in nats, summed over the weights, once however many draws: a scalar. */
  readonly kl: tf.Scalar
}

export interface ElboTermsOptions {
  readonly model: tf.LayersModel
  readonly likelihood: Likelihood
  /** Draws S, at least 1. */
  readonly samples: number
  readonly seed: number
  /** How the noise of the draws of a batch goes together; default 'independent'. */
  readonly noise?: TrainingNoise
}

/**
 * Makes the pure function (x, y, counter) -> NLL and KL: all randomness comes from the seed and the counter, nothing is read back, so a
 * compiler can turn it into one graph with x, y and the counter as its inputs.
 *
 * Draw s of call c is draw c * S + s of `drawNoise`: its noise is that of this counter, or of its pair. A model without variational layers is run once, with a KL of 0.
 *
 * @returns function whose results live in the `tf.tidy` that it is called in
 */
export function elboTerms(options: ElboTermsOptions): (x: tf.Tensor, y: tf.Tensor, counter: tf.Scalar) => ElboTerms {
  const { model, likelihood, seed, noise = 'independent' } = options
  const layers = variationalLayers(model)
  const samples = layers.length === 0 ? 1 : options.samples
  // A closed KL is the same at each draw: one is enough. A Monte-Carlo KL is an estimate, and the draws' mean the better one.
  const noiseOf = drawNoise({ noise, seed, samples })
  const klDraws = layers.some((layer) => layer.klMethod === 'monteCarlo') ? samples : 1
  return (x, y, counter) => {
    const inputs = modelInputs(model, x)
    const outputs: tf.Tensor[] = []
    const kls: tf.Tensor[] = []
    let sharing: ForwardPass | undefined
    for (let draw = 0; draw < samples; draw++) {
      const number = tf.add(tf.mul(counter, tf.scalar(samples, 'int32')), tf.scalar(draw, 'int32')) as tf.Scalar
      const pass = new ForwardPass({ mode: 'sample', noise: noiseOf(number), ...(sharing && { sharing }) })
      sharing ??= pass
      outputs.push(modelOutputs(model, inputs, { training: true, pass }))
      if (draw < klDraws) kls.push(pass.kl())
    }
    const nlls = outputs.map((output) => tf.neg(tf.mean(likelihood.logLikelihood(output, y))))
    return { nll: meanOf(nlls), kl: meanOf(kls) }
  }
}

const meanOf = (scalars: readonly tf.Tensor[]): tf.Scalar =>
  (scalars.length === 1 ? scalars[0]! : tf.div(tf.addN([...scalars]), scalars.length)) as tf.Scalar
