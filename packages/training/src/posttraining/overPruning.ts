import type * as tf from '@tensorflow/tfjs'
import { requirePositive } from '../checks/options.ts'
import { isRemoved, type WeightPosteriorValues, weightPosteriors } from './weightPosteriors.ts'

/** What training by variational inference switched off in one layer. */
export interface LayerOverPruning {
  readonly layer: string
  /** Weights with a posterior, biases among them. */
  readonly weights: number
  /** Of these, certain to be 0: removed by `prune`. */
  readonly removed: number
  /** Share of the others whose KL is below the threshold: the data said nothing about them, and in every draw they are noise. */
  readonly priorShare: number
  /** KL(posterior || prior) of those that are not removed, in nats. */
  readonly kl: number
  /** The layer's part of the model's KL, 0 to 1. */
  readonly klShare: number
  /** Output units of the layer: the last axis of its kernel. */
  readonly units: number
  /** Units whose kernel weights carry at least the threshold on average: the others are noise. */
  readonly activeUnits: number
}

/** What training by variational inference switched off in a model. */
export interface OverPruning {
  readonly layers: readonly LayerOverPruning[]
  readonly weights: number
  readonly removed: number
  readonly priorShare: number
  readonly kl: number
  /** Nats a weight. */
  readonly threshold: number
}

/**
 * Looks for over-pruning: weights and units that the ELBO pushed back to their prior, where they add noise to every prediction and say nothing.
 *
 * The KL of a weight is paid in full, its use shared by all examples; so a mean-field posterior gives up units that a deterministic network would use
 * (Trippe & Turner, 2018, "Overpruning in variational Bayesian neural networks"; MacKay, 2001, "A problem with variational free energy minimization").
 *
 * @param model a model with variational layers; it is left as it is
 * @param options.threshold nats below which a weight counts as at its prior, above 0; default 0.01
 * @returns counts and KL in nats, layer by layer and in all
 * @throws InvalidOptionError, UnsupportedModelError
 */
export async function overPruning(
  model: tf.LayersModel,
  { threshold = 0.01 }: { readonly threshold?: number } = {},
): Promise<OverPruning> {
  requirePositive('threshold', threshold)
  const posteriors = await weightPosteriors(model)
  const groups = [...new Set(posteriors.map(({ layer }) => layer))].map((layer) =>
    posteriors.filter((posterior) => posterior.layer === layer),
  )
  const counts = groups.map((group) => count(group, threshold))
  const kl = counts.reduce((sum, each) => sum + each.kl, 0)
  const sum = (pick: (each: Counts) => number): number => counts.reduce((total, each) => total + pick(each), 0)
  return {
    layers: counts.map(({ atPrior, ...each }) => ({
      ...each,
      priorShare: share(atPrior, each.weights - each.removed),
      klShare: share(each.kl, kl),
    })),
    weights: sum((each) => each.weights),
    removed: sum((each) => each.removed),
    priorShare: share(
      sum((each) => each.atPrior),
      sum((each) => each.weights - each.removed),
    ),
    kl,
    threshold,
  }
}

interface Counts extends Omit<LayerOverPruning, 'priorShare' | 'klShare'> {
  readonly atPrior: number
}

function count(group: readonly WeightPosteriorValues[], threshold: number): Counts {
  let [weights, removed, atPrior, kl] = [0, 0, 0, 0]
  for (const posterior of group) {
    weights += posterior.mu.length
    posterior.kl.forEach((value, i) => {
      if (isRemoved(posterior.mu[i]!, posterior.sigma[i]!)) removed++
      else {
        kl += value
        if (value < threshold) atPrior++
      }
    })
  }
  const kernel = group.find(({ weight }) => weight !== 'bias')!
  const active = activeUnits(group.filter(({ weight }) => weight !== 'bias').at(-1)!, threshold)
  return {
    layer: kernel.layer.name,
    weights,
    removed,
    atPrior,
    kl,
    units: active.length,
    activeUnits: active.filter(Boolean).length,
  }
}

/** Whether each unit's weights carry the threshold on average; the removed ones carry nothing. */
function activeUnits(kernel: WeightPosteriorValues, threshold: number): boolean[] {
  const units = kernel.shape.at(-1)!
  const sums = new Float64Array(units)
  kernel.kl.forEach((value, i) => {
    if (!isRemoved(kernel.mu[i]!, kernel.sigma[i]!)) sums[i % units]! += value
  })
  const inputs = kernel.kl.length / units
  return Array.from(sums, (sum) => sum / inputs >= threshold)
}

const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole)
