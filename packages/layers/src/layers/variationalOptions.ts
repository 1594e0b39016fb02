import * as tf from '@tensorflow/tfjs'
import {
  type ClosedKlTable,
  type Distribution,
  type InfinitePair,
  Normal,
  type NormalScaleMixture,
} from '@tfjs-bayes/distributions'
import { InvalidLayerArgumentError } from '../errors.ts'
import { type EstimatorName, estimators } from '../estimators/estimators.ts'
import type { Mode } from '../forwardPass.ts'
import type { KlMethod } from '../kl/klMethods.ts'
import { klMethods, resolveKl } from '../kl/klMethods.ts'
import { hasCentre, hasScale } from '../prior/priorParameters.ts'
import type { Initializer } from './tfLayer.ts'

/** What a bias is: a weight with a posterior, or a number that is learned as in an ordinary layer, without prior and KL. */
export type BiasKind = 'bayesian' | 'deterministic'

/** The families of priors to which a normal posterior has a closed KL, for the compiler. */
type ClosedFamily = Exclude<FamilyOf<keyof ClosedKlTable>, FamilyOf<InfinitePair>>
type FamilyOf<Pair> = Pair extends `normal || ${infer Family}` ? Family : never

/** How the KL is computed; a road that the prior does not have does not compile where its type tells. */
export type KlOptions =
  | {
      /**
       * The road to KL(posterior || prior). `closed`: its formula, where the prior has one. `quadrature`: numerical integration, deterministic, any
       * prior on the real line, 32 evaluations of it a weight. `upperBound`: a closed bound for a normalScaleMixture; the ELBO stays a bound.
       * `monteCarlo`: an estimate on the weights that made the prediction, or, with an estimator that draws none, on weights drawn for the KL alone.
       * Default: 'closed' where there is a formula, else 'quadrature'.
       */
      readonly kl?: 'quadrature' | 'monteCarlo' | undefined
    }
  | { readonly kl: 'closed'; readonly prior?: Distribution & { readonly family: ClosedFamily } }
  | { readonly kl: 'upperBound'; readonly prior: NormalScaleMixture }

/** Estimator and KL. */
export type EstimatorOptions = KlOptions & {
  /** How the weights' distribution becomes that of the pre-activations. Default 'localReparameterization'. */
  readonly estimator?: EstimatorName
}

/** What every variational layer can be told, beside the arguments of its `tf.layers` twin. */
export interface VariationalOptions {
  /** The prior of every weight of the layer, on the real line. Default N(0, 1). */
  readonly prior?: Distribution
  /**
   * Learn the prior's scale (empirical Bayes): every scale of the prior, sigma or scale, is multiplied by exp(`prior_log_scale`), a weight of the
   * layer that starts at 0 and that the ELBO moves, once for kernel and bias. Default false.
   */
  readonly trainablePrior?: boolean
  /**
   * Centre each weight's prior on a value of its own: the prior's centre is moved by `kernel_prior_mean` and `bias_prior_mean`, weights of the layer
   * that are not trained. They start at the means with which the posterior starts (with `toBayesian`: the trained weights); `centrePrior` gives
   * others. Default false.
   */
  readonly centredPrior?: boolean
  /** Whether the bias has a posterior and a prior, too, or is learned as a number. Default 'bayesian'. */
  readonly bias?: BiasKind
  /** The posterior's sigma at the start, > 0. Default 0.05. */
  readonly initialSigma?: number
  /** Number of training examples N, a positive integer: `model.fit` adds KL / N to its loss, and only `model.fit` needs it. */
  readonly datasetSize?: number
  /**
   * Seed, an int32, of the noise that the layer draws by itself (`model.fit`; `predict` with inferenceMode 'sample'), together with a call counter,
   * and of the default kernelInitializer. Layers with the same seed draw the same numbers: give each its own. Default: a random one, as that of the
   * initializers of `tf.layers`; the layer's config keeps it, so that a loaded model draws what the saved one drew from its first call on.
   */
  readonly seed?: number
  /**
   * What `predict` and `evaluate` use: the posterior's means, or a new draw at each call of the layer, so that a layer at two places of a model draws twice
   * (in a ForwardPass it shares). Default 'mean'.
   */
  readonly inferenceMode?: Mode
}

/** The options with their defaults. */
export interface ResolvedOptions {
  readonly estimator: EstimatorName
  readonly klMethod: KlMethod
  readonly prior: Distribution
  readonly trainablePrior: boolean
  readonly centredPrior: boolean
  readonly bias: BiasKind
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
    kl,
    prior = new Normal({ mu: 0, sigma: 1 }),
    trainablePrior = false,
    centredPrior = false,
    bias = 'bayesian',
    initialSigma = 0.05,
    datasetSize,
    seed = Math.floor(Math.random() * 2 ** 31),
    inferenceMode = 'mean',
  } = options
  const require = (valid: boolean, argument: string, got: unknown, expected: string): void => {
    if (!valid) throw InvalidLayerArgumentError.of(layer, argument, got, expected)
  }
  for (const [name, value] of Object.entries(options)) {
    // JavaScript would take one, as a second prior that no KL knows of.
    require(!name.endsWith('Regularizer') || value == null, name, value, 'none: the prior takes its place')
  }
  require(Object.hasOwn(estimators, estimator), 'estimator', estimator, `one of ${Object.keys(estimators).join(', ')}`)
  require(kl === undefined || klMethods.includes(kl), 'kl', kl, `one of ${klMethods.join(', ')}`)
  require(typeof prior?.logProb === 'function', 'prior', prior, 'a Distribution of @tfjs-bayes/distributions')
  require(typeof trainablePrior === 'boolean', 'trainablePrior', trainablePrior, 'true or false')
  require(!trainablePrior || hasScale(prior), 'trainablePrior', true, `a prior with a scale to learn; ${prior.family} has none`)
  require(typeof centredPrior === 'boolean', 'centredPrior', centredPrior, 'true or false')
  require(!centredPrior || hasCentre(prior), 'centredPrior', true, `a prior with a centre mu to move; ${prior.family} has none`)
  require(bias === 'bayesian' || bias === 'deterministic', 'bias', bias, `'bayesian' or 'deterministic'`)
  require(initialSigma > 0 && Number.isFinite(initialSigma), 'initialSigma', initialSigma, 'a finite number > 0')
  require(datasetSize === undefined ||
    (Number.isSafeInteger(datasetSize) &&
      datasetSize > 0), 'datasetSize', datasetSize, 'a positive integer, the number of training examples')
  require((seed | 0) === seed, 'seed', seed, 'an integer from -2147483648 to 2147483647')
  require(inferenceMode === 'mean' || inferenceMode === 'sample', 'inferenceMode', inferenceMode, `'mean' or 'sample'`)
  const klMethod = resolveKl(layer, kl, prior)
  return {
    estimator,
    klMethod,
    prior,
    trainablePrior,
    centredPrior,
    bias,
    initialSigma,
    datasetSize,
    seed,
    inferenceMode,
  }
}

/** The default kernelInitializer: He et al. (2015), for the activations of today's networks. */
export function heNormal(seed: number | undefined): Initializer {
  return tf.initializers.heNormal(seed === undefined ? {} : { seed })
}
