import * as tf from '@tensorflow/tfjs'
import { requireBuiltModel } from '../checks/model.ts'
import { requireObject } from '../checks/options.ts'
import { dataParts, type LabelledData } from '../data/labelledData.ts'
import { exampleWeights, preparedData } from '../data/preparedData.ts'
import type { Several } from '../data/several.ts'
import { NonFiniteOutputError } from '../errors.ts'
import type { Likelihood } from '../likelihoods/likelihood.ts'
import { likelihoodsOf } from '../likelihoods/likelihoodsOf.ts'
import { type DrawOptions, drawPlan } from './drawOptions.ts'
import { logAdd } from './logAdd.ts'
import { overDraws } from './overDraws.ts'

export interface PredictiveLogLikelihood {
  /** log of the mean over the draws of p(y | x, w), in nats, [rows]; the caller's. */
  readonly logLikelihood: tf.Tensor1D
  /** Mean over the rows of its negative: the test NLL, in nats per example. */
  readonly nll: number
  /** Draws that were taken. */
  readonly samples: number
  dispose(): void
}

/**
 * How well the averaged prediction explains data: log (1/S) sum_s p(y | x, w_s), row by row; of several outputs the joint one.
 *
 * The likelihood of the mixture over the draws, not the mean of their log-likelihoods (that is the ELBO's, see `evaluateElbo`), and of all draws, not of the
 * last one.
 *
 * @param data x [rows, ...] and y [rows, ...]; a masked row counts with its known numbers, and a row's weight multiplies its result
 * @param options those of `predictive`, and the likelihood
 * @returns log-likelihoods in nats, row by row and averaged
 * @throws as `predictive`, and InvalidTargetError
 */
export async function predictiveLogLikelihood(
  model: tf.LayersModel,
  data: LabelledData,
  options: Omit<DrawOptions, 'output' | 'keepDraws'> & { readonly likelihood: Several<Likelihood> },
): Promise<PredictiveLogLikelihood> {
  requireBuiltModel(model)
  requireObject('data', data, '{ x, y }')
  const plan = drawPlan(model, data.x, options)
  const likelihoods = likelihoodsOf(model, options.likelihood)
  const parts = dataParts('data', data, model, likelihoods)
  const weights = parts.weights && (await exampleWeights(parts.weights, plan.rows))
  const { y, likelihood, dispose } = await preparedData({ ...parts, weights: undefined }, model, likelihoods)
  const sums = new Float64Array(plan.rows).fill(Number.NEGATIVE_INFINITY)
  try {
    await overDraws({
      model,
      plan,
      options,
      alongside: [y],
      summarize: (outputs, target) => ({
        sum: tf.logSumExp(tf.stack(tf.unstack(outputs).map((output) => likelihood.logLikelihood(output, target!))), 0),
      }),
      consume: async ({ start }, _draws, { sum }) => {
        const values = await sum.data()
        sum.dispose()
        values.forEach((value, i) => {
          if (Number.isNaN(value)) throw new NonFiniteOutputError(start + i)
          sums[start + i] = logAdd(sums[start + i]!, value)
        })
      },
    })
  } finally {
    dispose()
  }
  const values = sums.map((value, row) => (weights?.[row] ?? 1) * (value - Math.log(plan.samples)))
  const logLikelihood = tf.tensor1d(Float32Array.from(values))
  const nll = -values.reduce((sum, value) => sum + value / plan.rows, 0)
  return { logLikelihood, nll, samples: plan.samples, dispose: () => logLikelihood.dispose() }
}
