import * as tf from '@tensorflow/tfjs'
import { type Distribution, hasClosedKl, Normal } from '@tfjs-bayes/distributions'
import { InvalidLayerArgumentError, UnsupportedKlError } from '../errors.ts'
import { type EstimatorName, estimators, type WeightDrawingEstimatorName } from '../estimators/estimators.ts'
import type { Mode } from '../forwardPass.ts'
import type { Initializer } from './tfLayer.ts'

/** How a layer's KL divergence is computed: by its formula, or from the weight draw that made the prediction. */
export type KlMethod = 'closed' | 'monteCarlo'

/** Estimator and KL: a Monte-Carlo KL needs an estimator that draws the weights. */
export type EstimatorOptions =
  | {
      /** How the weights' distribution becomes that of the pre-activations. Default 'localReparameterization'. */
      readonly estimator?: EstimatorName
      /** Default 'closed'. */
      readonly kl?: 'closed'
    }
  | { readonly estimator: WeightDrawingEstimatorName; readonly kl: KlMethod }

/** What every variational layer can be told, beside the arguments of its `tf.layers` twin. */
export interface VariationalOptions {
  /** The prior of every weight of the layer. Default N(0, 1). */
  readonly prior?: Distribution
  /** The posterior's sigma at the start, > 0. Default 0.05. */
  readonly initialSigma?: number
  /** Number of training examples N, a positive integer: `model.fit` adds KL / N to its loss, and only `model.fit` needs it. */
  readonly datasetSize?: number
  /**
   * Seed, an int32, of the noise that the layer draws by itself (`model.fit`; `predict` with inferenceMode 'sample'), together with a call counter,
   * and of the default kernelInitializer. Layers with the same seed draw the same numbers: give each its own. Default: a random one.
   */
  readonly seed?: number
  /** What `predict` and `evaluate` use: the posterior's means, or a new draw at each call. Default 'mean'. */
  readonly inferenceMode?: Mode
}

/** The options with their defaults. */
export interface ResolvedOptions {
  readonly estimator: EstimatorName
  readonly klMethod: KlMethod
  readonly prior: Distribution
  readonly initialSigma: number
  readonly datasetSize: number | undefined
  readonly seed: number
  readonly inferenceMode: Mode
}

/**
 * Fills in the defaults and checks everything.
 *
 * @throws InvalidLayerArgumentError, UnsupportedKlError, naming the layer
 */
export function resolveOptions(layer: string, options: VariationalOptions & EstimatorOptions): ResolvedOptions {
  const {
    estimator = 'localReparameterization',
    kl: klMethod = 'closed',
    prior = new Normal({ mu: 0, sigma: 1 }),
    initialSigma = 0.05,
    datasetSize,
    seed = Math.floor(Math.random() * 2 ** 31),
    inferenceMode = 'mean',
  } = options
  const require = (valid: boolean, argument: string, got: unknown, expected: string): void => {
    if (!valid) throw InvalidLayerArgumentError.of(layer, argument, got, expected)
  }
  require(Object.hasOwn(estimators, estimator), 'estimator', estimator, `one of ${Object.keys(estimators).join(', ')}`)
  require(klMethod === 'closed' || klMethod === 'monteCarlo', 'kl', klMethod, `'closed' or 'monteCarlo'`)
  require(typeof prior?.logProb === 'function', 'prior', prior, 'a Distribution of @tfjs-bayes/distributions')
  require(initialSigma > 0 && Number.isFinite(initialSigma), 'initialSigma', initialSigma, 'a finite number > 0')
  require(datasetSize === undefined ||
    (Number.isSafeInteger(datasetSize) &&
      datasetSize > 0), 'datasetSize', datasetSize, 'a positive integer, the number of training examples')
  require((seed | 0) === seed, 'seed', seed, 'an integer from -2147483648 to 2147483647')
  require(inferenceMode === 'mean' || inferenceMode === 'sample', 'inferenceMode', inferenceMode, `'mean' or 'sample'`)
  requireKl(layer, estimator, klMethod, prior)
  return { estimator, klMethod, prior, initialSigma, datasetSize, seed, inferenceMode }
}

/** The default kernelInitializer: He et al. (2015), for the activations of today's networks. */
export function heNormal(seed: number | undefined): Initializer {
  return tf.initializers.heNormal(seed === undefined ? {} : { seed })
}

function requireKl(layer: string, estimator: EstimatorName, klMethod: KlMethod, prior: Distribution): void {
  if (klMethod === 'monteCarlo' && !estimators[estimator].drawsWeights) {
    throw new UnsupportedKlError(
      layer,
      `estimator '${estimator}' does not predict with a draw of the weights, so there is none to take a Monte-Carlo KL on`,
      `Use kl: 'closed', or estimator: 'weightSampling'.`,
    )
  }
  if (klMethod === 'closed' && !hasClosedKl(new Normal({ mu: 0, sigma: 1 }), prior)) {
    throw new UnsupportedKlError(
      layer,
      `KL(normal || ${prior.family}) has no closed form`,
      `Use kl: 'monteCarlo' with estimator: 'weightSampling', or a normal prior.`,
    )
  }
}
