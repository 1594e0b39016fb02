import type * as tf from '@tensorflow/tfjs'
import { InvalidOptionError } from '../errors.ts'
import { isRemoved, signalToNoise, type WeightPosteriorValues, weightPosteriors } from './weightPosteriors.ts'

/** Which weights of one tensor stay. */
export interface PruningMask {
  /** Name of the layer. */
  readonly layer: string
  /** Name of the tensor within it: 'kernel', 'bias'. */
  readonly weight: string
  readonly shape: readonly number[]
  /** 1 for a weight that stays, 0 for one that goes; row-major. */
  readonly keep: Uint8Array
}

export interface PruningOptions {
  /**
   * What a weight is judged by. 'signalToNoise': |mu| / sigma (Blundell et al., 2015, "Weight uncertainty in neural networks", section 5.3, after Graves,
   * 2011). 'kl': KL(posterior || prior) of the weight, which takes those first that the data said least about.
   */
  readonly by: 'signalToNoise' | 'kl'
  /** Share of the weights to remove, from 0 to 1. */
  readonly fraction: number
  /** 'global' (default): the lowest of the whole model. 'layer': that share of each layer. */
  readonly scope?: 'global' | 'layer'
}

/**
 * Chooses the weights to remove: those of the lowest signal-to-noise ratio, or of the lowest KL. Biases count like any weight; a deterministic bias stays.
 *
 * @param model a model with variational layers; it is left as it is
 * @returns one mask for each weight tensor with a posterior, in the order of `variationalLayers`; of n weights exactly round(fraction n) go, in the whole
 *   model or in each layer
 * @throws InvalidOptionError, UnsupportedModelError
 */
export async function pruningMasks(
  model: tf.LayersModel,
  { by, fraction, scope = 'global' }: PruningOptions,
): Promise<PruningMask[]> {
  if (by !== 'signalToNoise' && by !== 'kl') throw new InvalidOptionError('by', by, "'signalToNoise' or 'kl'")
  if (!(fraction >= 0 && fraction <= 1)) throw new InvalidOptionError('fraction', fraction, 'a number from 0 to 1')
  if (scope !== 'global' && scope !== 'layer') throw new InvalidOptionError('scope', scope, "'global' or 'layer'")
  const posteriors = await weightPosteriors(model)
  const scores = posteriors.map((posterior) => scoresOf(posterior, by))
  const groups =
    scope === 'global'
      ? [scores]
      : [...new Set(posteriors.map(({ layer }) => layer))].map((layer) => scores.filter((_, i) => posteriors[i]!.layer === layer))
  const kept = new Map(groups.flatMap((group) => keepHighest(group, fraction).map((keep, i) => [group[i]!, keep] as const)))
  return posteriors.map(({ layer, weight, shape }, i) => ({ layer: layer.name, weight, shape, keep: kept.get(scores[i]!)! }))
}

/** Higher stays longer. A weight that is already gone has score 0. */
function scoresOf({ mu, sigma, kl }: WeightPosteriorValues, by: PruningOptions['by']): Float32Array {
  if (by === 'signalToNoise') return mu.map((value, i) => signalToNoise(value, sigma[i]!))
  return kl.map((value, i) => (isRemoved(mu[i]!, sigma[i]!) ? 0 : value))
}

/** Marks all but the round(fraction n) lowest of several lists together; of those that tie at the border the first go. */
function keepHighest(scores: readonly Float32Array[], fraction: number): Uint8Array[] {
  const total = scores.reduce((sum, each) => sum + each.length, 0)
  const removed = Math.round(fraction * total)
  const sorted = new Float32Array(total)
  let start = 0
  for (const each of scores) {
    sorted.set(each, start)
    start += each.length
  }
  sorted.sort()
  const border = removed < total ? sorted[removed]! : Number.POSITIVE_INFINITY
  let ties = removed - lowerBound(sorted, border)
  return scores.map((each) => Uint8Array.from(each, (score) => (score < border || (score === border && ties-- > 0) ? 0 : 1)))
}

/** How many numbers of a sorted list are below a value. */
function lowerBound(sorted: Float32Array, value: number): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}
