import * as tf from '@tensorflow/tfjs'
import { Normal, softplus } from '@tfjs-bayes/distributions'
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

/** The weight's posterior in a pass, whose sigma and draw are computed once. */
export function posteriorIn(pass: ForwardPass, layer: PassParticipant, weight: VariationalWeight): WeightPosterior {
  const { name, rho } = weight
  const mu = weight.mu.read()
  if (rho === undefined) {
    // A point: no noise is asked for.
    const zeros = (): tf.Tensor => pass.onceForAll(layer, `${name} zeros`, () => tf.zerosLike(mu))
    return { mu, sigma: zeros(), variance: zeros, noise: zeros, draw: () => mu }
  }
  const sigma = pass.onceForAll(layer, `${name} sigma`, () => softplus(rho.read()))
  const variance = (): tf.Tensor => pass.onceForAll(layer, `${name} variance`, () => sigma.square())
  const noise = (): tf.Tensor => pass.sharedNoise(layer, name, mu.shape)
  const draw = (): tf.Tensor => pass.once(layer, `${name} draw`, () => new Normal({ mu, sigma }).sample(noise()))
  return { mu, sigma, variance, noise, draw }
}
