import * as tf from '@tensorflow/tfjs'
import { jointLikelihood } from './jointLikelihood.ts'
import type { Likelihood } from './likelihood.ts'
import { maskedLikelihood } from './maskedLikelihood.ts'
import { weightedLikelihood } from './weightedLikelihood.ts'

/** One likelihood for all that is scored, and what makes its targets: one tensor of the targets of every output, their masks, and the examples' weights. */
export interface TargetForm {
  readonly likelihood: Likelihood
  /**
   * @param ys one for each output, as `prepareTargets` gives them
   * @param masks default 1
   * @param weights [rows]; default 1
   * @returns a new tensor that the caller owns
   */
  pack(ys: readonly tf.Tensor[], masks: readonly (tf.Tensor | undefined)[], weights: tf.Tensor | undefined): tf.Tensor
}

/**
 * @param likelihoods one for each output of the model
 * @param extras which masks, and whether weights, go with the targets
 */
export function targetForm(
  model: tf.LayersModel,
  likelihoods: readonly Likelihood[],
  extras: { readonly weights: boolean; readonly masks: readonly boolean[] },
): TargetForm {
  const masked = likelihoods.map((likelihood, i) => (extras.masks[i] ? maskedLikelihood(likelihood) : undefined))
  const each = likelihoods.map((likelihood, i) => masked[i]?.likelihood ?? likelihood)
  const joint = each.length > 1 ? jointLikelihood(model, each) : undefined
  const unweighted = joint?.likelihood ?? each[0]!
  const weighted = extras.weights ? weightedLikelihood(unweighted) : undefined
  return {
    likelihood: weighted?.likelihood ?? unweighted,
    pack: (ys, masks, weights) =>
      tf.tidy(() => {
        const targets = ys.map((y, i) => masked[i]?.pack(y, masks[i] ?? tf.onesLike(y)) ?? y.clone())
        const all = joint ? joint.pack(...targets) : targets[0]!
        return weighted ? weighted.pack(all, weights ?? tf.ones([all.shape[0]!])) : all
      }),
  }
}
