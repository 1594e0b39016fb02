import type * as tf from '@tensorflow/tfjs'
import {
  closedKl,
  type Distribution,
  hasClosedKl,
  klUpperBound,
  monteCarloKl,
  Normal,
  NormalScaleMixture,
  quadratureKl,
  sumOfKlNormalNormal,
} from '@tfjs-bayes/distributions'
import { UnsupportedKlError } from '../errors.ts'

/** How a layer's KL divergence is computed. */
export type KlMethod = 'closed' | 'quadrature' | 'upperBound' | 'monteCarlo'

/** A road to KL(posterior || prior) for one weight tensor. */
interface KlRoad {
  /** Whether it needs a draw of the weights; the others compute the KL itself. */
  readonly drawsWeights: boolean
  /** Why it cannot be taken to a prior, and what to do; undefined where it can. */
  readonly obstacle: (prior: Distribution) => { readonly reason: string; readonly fix: string } | undefined
  /** @returns the KL in nats of each weight: its shape is the weights' */
  readonly kl: (posterior: Normal, prior: Distribution, draw: () => tf.Tensor) => tf.Tensor
  /** The sum of `kl` over the weights, where there is a cheaper way to it. */
  readonly summedKl?: (posterior: Normal, prior: Distribution) => tf.Tensor
}

const klRoads: Readonly<Record<KlMethod, KlRoad>> = {
  closed: {
    drawsWeights: false,
    obstacle: (prior) =>
      hasClosedKl(standardNormal(), prior)
        ? undefined
        : {
            reason: `KL(normal || ${prior.family}) has no closed form`,
            fix: `Use kl: 'quadrature' or 'monteCarlo', or leave kl out.`,
          },
    kl: closedKl,
    summedKl: (posterior, prior) =>
      prior instanceof Normal ? sumOfKlNormalNormal(posterior, prior) : closedKl(posterior, prior).sum(),
  },
  quadrature: {
    drawsWeights: false,
    obstacle: () => undefined,
    kl: (posterior, prior) => quadratureKl(posterior, prior),
  },
  upperBound: {
    drawsWeights: false,
    obstacle: (prior) =>
      prior instanceof NormalScaleMixture
        ? undefined
        : {
            reason: `the upper bound of KL(normal || ${prior.family}) does not exist: it is one for a normalScaleMixture`,
            fix: 'Leave kl out.',
          },
    kl: (posterior, prior) => klUpperBound(posterior, prior as NormalScaleMixture),
  },
  monteCarlo: {
    drawsWeights: true,
    obstacle: () => undefined,
    kl: (posterior, prior, draw) => monteCarloKl(posterior, prior, draw()),
  },
}

/** What is taken where nothing is asked for, best first. Quadrature takes every prior on the real line; a bound is never chosen for the user. */
const preference: readonly KlMethod[] = ['closed', 'quadrature']

/** Every road by name. */
export const klMethods: readonly KlMethod[] = Object.keys(klRoads) as KlMethod[]

/**
 * Settles on a road to a layer's KL.
 *
 * @param method undefined: the best that the prior has
 * @throws UnsupportedKlError where the prior cannot work for normal weights, or has no such road
 */
export function resolveKl(layer: string, method: KlMethod | undefined, prior: Distribution): KlMethod {
  requireRealLine(layer, prior)
  const resolved = method ?? bestOf(prior)
  const obstacle = klRoads[resolved].obstacle(prior)
  if (obstacle !== undefined) throw new UnsupportedKlError(layer, obstacle.reason, obstacle.fix)
  return resolved
}

/** A weight tensor's two distributions, and its draw for an estimate; without one, the KL is computed on the best road that needs none. */
interface WeightDistributions {
  readonly posterior: Normal
  readonly prior: Distribution
  readonly draw?: (() => tf.Tensor) | undefined
}

/** KL(posterior || prior) in nats, summed over the weights: a scalar. */
export function summedWeightKl(method: KlMethod, { posterior, prior, draw }: WeightDistributions): tf.Tensor {
  const { kl, summedKl } = roadTaken(method, prior, draw)
  return summedKl === undefined ? kl(posterior, prior, draw!).sum() : summedKl(posterior, prior)
}

/** KL(posterior || prior) in nats of each weight: the weights' shape. */
export function weightKl(method: KlMethod, { posterior, prior, draw }: WeightDistributions): tf.Tensor {
  return roadTaken(method, prior, draw).kl(posterior, prior, draw!)
}

function roadTaken(method: KlMethod, prior: Distribution, draw: WeightDistributions['draw']): KlRoad {
  return klRoads[draw === undefined && klRoads[method].drawsWeights ? bestOf(prior) : method]
}

function bestOf(prior: Distribution): KlMethod {
  return preference.find((method) => klRoads[method].obstacle(prior) === undefined)!
}

/** A normal weight can be any real number: a prior that excludes some has an infinite KL, and one of vectors none. */
function requireRealLine(layer: string, prior: Distribution): void {
  const fix = 'Use a prior on the real line for each weight: Normal, Laplace, StudentT, NormalScaleMixture and the like.'
  if (prior.eventShape.length > 0) {
    throw new UnsupportedKlError(layer, `the ${prior.family} prior is one of vectors (event shape [${prior.eventShape}])`, fix)
  }
  if (prior.support.name !== 'real') {
    const reason = `the weights are normal, and the ${prior.family} prior leaves no mass to some of them (its support is ${prior.support.name}): KL(posterior || prior) is infinite`
    throw new UnsupportedKlError(layer, reason, fix)
  }
}

function standardNormal(): Normal {
  return new Normal({ mu: 0, sigma: 1 })
}
