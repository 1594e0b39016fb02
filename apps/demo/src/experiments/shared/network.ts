import * as tf from '@tensorflow/tfjs'
import {
  type EstimatorName,
  type KlMethod,
  VariationalConv2D,
  type VariationalConv2dArgs,
  VariationalDense,
  type VariationalDenseArgs,
} from '@tfjs-bayes/layers'
import { CLASSES } from '../../contestants.ts'
import { IMAGE_PIXELS, IMAGE_SIDE } from '../../mnist/idx.ts'
import { type PriorChoice, priorOf } from './priorChoice.ts'

/** How the weights of a Bayesian network are learned, as JSON. */
export interface BayesianChoice {
  readonly estimator: EstimatorName
  readonly kl: KlMethod
  readonly prior: PriorChoice
  /** Whether each layer learns the scale of its prior by the ELBO (empirical Bayes). */
  readonly learnPriorScale: boolean
  /** Standard deviation of every posterior before training. */
  readonly initialSigma: number
}

/** The shape of a network for digits, as JSON. */
export type Architecture =
  | { readonly kind: 'dense'; readonly hidden: readonly number[] }
  /** Convolutions of 5 x 5 with ReLU, each halved by max-pooling, then dense layers. */
  | { readonly kind: 'convolutional'; readonly filters: readonly number[]; readonly hidden: readonly number[] }

/**
 * Builds a network for digits that ends in ten logits.
 *
 * The seed decides the initial (mean) weights, so that networks of the same shape start from the same ones.
 *
 * @param bayesian how it is learned; null: a deterministic network
 * @param inputs numbers a row; default the pixels of a digit
 */
export function buildNetwork(
  architecture: Architecture,
  bayesian: BayesianChoice | null,
  seed: number,
  inputs: number = IMAGE_PIXELS,
): tf.Sequential {
  const layers: tf.layers.Layer[] = []
  let count = 0
  // An int32 a layer, so that no two layers start alike.
  const nextSeed = (): number => (seed + Math.imul(count++, 0x9e3779b9)) | 0
  if (architecture.kind === 'convolutional') {
    layers.push(tf.layers.reshape({ targetShape: [IMAGE_SIDE, IMAGE_SIDE, 1], inputShape: [inputs] }))
    for (const filters of architecture.filters) {
      const args = { filters, kernelSize: 5, padding: 'same', activation: 'relu' } as const
      layers.push(layerOf(bayesian, nextSeed(), args, tf.layers.conv2d, VariationalConv2D))
      layers.push(tf.layers.maxPooling2d({ poolSize: 2 }))
    }
    layers.push(tf.layers.flatten())
  }
  for (const [i, units] of [...architecture.hidden, CLASSES].entries()) {
    const args = {
      units,
      ...(layers.length === 0 ? { inputShape: [inputs] } : {}),
      ...(i < architecture.hidden.length ? { activation: 'relu' as const } : {}),
    }
    layers.push(layerOf(bayesian, nextSeed(), args, tf.layers.dense, VariationalDense))
  }
  return tf.sequential({ layers })
}

function layerOf(
  bayesian: BayesianChoice | null,
  seed: number,
  args: object,
  deterministic: (args: never) => tf.layers.Layer,
  Variational: new (args: never) => tf.layers.Layer,
): tf.layers.Layer {
  const common = { ...args, kernelInitializer: tf.initializers.heNormal({ seed }) }
  if (bayesian === null) return deterministic(common as never)
  const { estimator, kl, prior, learnPriorScale, initialSigma } = bayesian
  const options: Partial<VariationalDenseArgs & VariationalConv2dArgs> = {
    estimator,
    kl: kl as 'quadrature',
    prior: priorOf(prior),
    trainablePrior: learnPriorScale,
    initialSigma,
    seed,
  }
  return new Variational({ ...common, ...options } as never)
}
