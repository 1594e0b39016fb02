import * as tf from '@tensorflow/tfjs'
import { Normal, softplus, varianceAndSumOfKl } from '@tfjs-bayes/distributions'
import type { WeightPosterior } from '../estimators/estimator.ts'
import type { ForwardPass, PassParticipant } from '../forwardPass.ts'

/** The variables of one weight tensor of a layer. */
export interface VariationalWeight {
  /** 'kernel', 'bias' or, where a layer has another kernel before, that one's name. */
  readonly name: string
  readonly mu: tf.LayerVariable
  /** The standard deviations are softplus(rho); undefined for a deterministic weight. */
  readonly rho: tf.LayerVariable | undefined
  /** What the prior is centred on, not trained; undefined where the prior's own centre holds. */
  readonly priorMean: tf.LayerVariable | undefined
}

/** The weight's posterior N(mu, sigma^2) as it is now, with a new sigma; a deterministic weight has sigma 0. */
export function posteriorOf({ mu, rho }: VariationalWeight): Normal {
  return new Normal({ mu: mu.read(), sigma: rho === undefined ? tf.zerosLike(mu.read()) : softplus(rho.read()) })
}

/** A posterior in a pass, with its KL where that is computed beside the variance. */
interface PosteriorInPass extends WeightPosterior {
  readonly kl?: () => tf.Tensor
}

/**
 * The weight's posterior in a pass, whose sigma and draw are computed once.
 *
 * @param prior where the summed KL to it is computed beside the variance, for fewer passes over the weights
 */
export function posteriorIn(
  pass: ForwardPass,
  layer: PassParticipant,
  weight: VariationalWeight,
  prior?: Normal,
): PosteriorInPass {
  const { name, rho } = weight
  const mu = weight.mu.read()
  if (rho === undefined) {
    // A point: no noise is asked for.
    const zeros = (): tf.Tensor => pass.onceForAll(layer, `${name} zeros`, () => tf.zerosLike(mu))
    return { mu, sigma: zeros(), variance: zeros, noise: zeros, draw: () => mu }
  }
  const sigma = pass.onceForAll(layer, `${name} sigma`, () => softplus(rho.read()))
  const noise = (): tf.Tensor => pass.sharedNoise(layer, name, mu.shape)
  const draw = (): tf.Tensor => pass.once(layer, `${name} draw`, () => new Normal({ mu, sigma }).sample(noise()))
  // Outside a gradient there are no passes to save, and nobody may ask for the KL.
  if (prior === undefined || tf.engine().state.gradientDepth === 0) {
    const variance = (): tf.Tensor => pass.onceForAll(layer, `${name} variance`, () => sigma.square())
    return { mu, sigma, variance, noise, draw }
  }
  const both = () =>
    pass.allOnceForAll(layer, `${name} variance and KL`, () => varianceAndSumOfKl(new Normal({ mu, sigma }), prior))
  return { mu, sigma, variance: () => both()[0], noise, draw, kl: () => both()[1] }
}
