import * as tf from '@tensorflow/tfjs'
import type { VariationalLayer, VariationalWeight } from '@tfjs-bayes/layers'
import { InvalidModelError, InvalidWeightError } from '../errors.ts'

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
 * @throws InvalidWeightError where a value is not finite; InvalidModelError where the model was disposed
 */
export function readWeight(layer: tf.layers.Layer, name: string): WeightData | undefined {
  // tfjs puts the layer's name in front, and slashes.
  const variable = layer.weights.find((weight) => weight.originalName.split('/').at(-1) === name)
  if (variable == null) return undefined
  let tensor: tf.Tensor
  try {
    tensor = variable.read()
  } catch (error) {
    throw new InvalidModelError(
      `its weight ${name} cannot be read: ${(error as Error).message} Export the model before it is disposed.`,
    )
  }
  return finiteData(layer, name, tensor)
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
  return new Map(layer.weightTensors.map((weight) => [weight.name, new PosteriorOfWeight(layer, weight)]))
}

/** The variances of a weight are computed when they are asked for: mode `mean` has no use for them. */
class PosteriorOfWeight implements Moments {
  readonly mean: WeightData
  private readonly layer: VariationalLayer
  private readonly weight: VariationalWeight
  private known: WeightData | undefined

  constructor(layer: VariationalLayer, weight: VariationalWeight) {
    this.layer = layer
    this.weight = weight
    this.mean = finiteData(layer, `${weight.name} mu`, weight.mu.read())
  }

  get variance(): WeightData {
    const { name, mu, rho } = this.weight
    const { shape } = mu.read()
    if (rho == null) return { data: new Float32Array(mu.read().size), shape }
    this.known ??= finite(this.layer, `${name} sigma^2`, { data: variances(rho.read()), shape })
    return this.known
  }
}

/** softplus(rho)^2; here and not on the backend, where a chain of operators takes several times the weights' memory. */
function variances(rho: tf.Tensor): Float32Array {
  // The numbers of the sum are nobody else's, where those of a tensor may be its own memory: they become the result.
  const sum = tf.tidy(() => tf.add(rho, 0))
  const values = sum.dataSync<'float32'>()
  sum.dispose()
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    const sigma = Math.max(value, 0) + Math.log1p(Math.exp(-Math.abs(value)))
    values[i] = sigma * sigma
  }
  return values
}

/** The square of every element. */
export function squaredWeight({ data, shape }: WeightData): WeightData {
  return { data: data.map((value) => value * value), shape }
}

function finiteData(layer: tf.layers.Layer, name: string, tensor: tf.Tensor): WeightData {
  // Perhaps the tensor's own memory, which stays as it is: training puts another tensor in its place.
  return finite(layer, name, { data: tensor.dataSync<'float32'>(), shape: tensor.shape })
}

function finite(layer: tf.layers.Layer, name: string, weight: WeightData): WeightData {
  const { data, shape } = weight
  // A plain loop: findIndex takes several times as long.
  for (let i = 0; i < data.length; i++) {
    if (Number.isFinite(data[i])) continue
    throw new InvalidWeightError(
      `Layer "${layer.name}": element ${i} of ${name} (shape [${shape.join(', ')}]) is ${data[i]}; expected a finite number. ` +
        'The training has diverged: lower the learning rate, check the data for NaN, and train again.',
    )
  }
  return weight
}
