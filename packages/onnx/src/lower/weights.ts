import * as tf from '@tensorflow/tfjs'
import { softplus } from '@tfjs-bayes/distributions'
import type { VariationalLayer } from '@tfjs-bayes/layers'
import { InvalidWeightError } from '../errors.ts'

/** The values of a weight tensor, read off the backend. */
export interface WeightData {
  readonly data: Float32Array
  readonly shape: readonly number[]
}

/** Mean and variance of every element of a weight tensor. */
export interface Moments {
  readonly mean: WeightData
  readonly variance: WeightData
}

/**
 * Reads a weight of an ordinary layer.
 *
 * @param layer a built layer
 * @param name the weight's name in the layer, e.g. `kernel`
 * @returns its values; undefined if the layer has no such weight
 * @throws InvalidWeightError where a value is not finite
 */
export function readWeight(layer: tf.layers.Layer, name: string): WeightData | undefined {
  // tfjs puts the layer's name in front, and slashes.
  const variable = layer.weights.find((weight) => weight.originalName.split('/').at(-1) === name)
  return variable == null ? undefined : finiteData(layer, name, variable.read())
}

/** The posterior of an operator of a Bayesian layer: every weight normal and independent. */
export interface PosteriorMoments {
  readonly kernel: Moments
  readonly bias: Moments | undefined
}

/**
 * Reads the posterior of a Bayesian layer as mean and variance, sigma squared: what the file holds in place of mu and rho.
 *
 * @param layer a built Bayesian layer
 * @returns the moments of its weights by their names there; those of a deterministic bias have the variance 0
 * @throws InvalidWeightError where mu or sigma^2 is not finite
 */
export function readPosterior(layer: VariationalLayer): ReadonlyMap<string, Moments> {
  const result = new Map<string, Moments>()
  tf.tidy(() => {
    for (const { name, mu, rho } of layer.weightTensors) {
      result.set(name, {
        mean: finiteData(layer, `${name} mu`, mu.read()),
        variance:
          rho == null
            ? { data: new Float32Array(mu.read().size), shape: mu.read().shape }
            : finiteData(layer, `${name} sigma^2`, tf.square(softplus(rho.read()))),
      })
    }
  })
  return result
}

/** The square of every element. */
export function squaredWeight({ data, shape }: WeightData): WeightData {
  return { data: data.map((value) => value * value), shape }
}

function finiteData(layer: tf.layers.Layer, name: string, tensor: tf.Tensor): WeightData {
  // Perhaps the tensor's own memory: it is read again only until the file's bytes are made, in the same turn.
  const data = tensor.dataSync<'float32'>()
  const bad = data.findIndex((value) => !Number.isFinite(value))
  if (bad >= 0) {
    throw new InvalidWeightError(
      `Layer "${layer.name}": element ${bad} of ${name} (shape [${tensor.shape.join(', ')}]) is ${data[bad]}; expected a finite number. ` +
        'The training has diverged: lower the learning rate, check the data for NaN, and train again.',
    )
  }
  return { data, shape: tensor.shape }
}
