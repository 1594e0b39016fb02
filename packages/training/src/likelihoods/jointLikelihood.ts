import * as tf from '@tensorflow/tfjs'
import { packed, type RowForm, rowForm, unpacked } from '../data/columns.ts'
import { outputForms, outputNames } from '../model/severalTensors.ts'
import type { Likelihood } from './likelihood.ts'
import type { PackedTargets } from './packedTargets.ts'

/**
 * The likelihood of several outputs that are independent given the weights: the sum of their log-likelihoods. It takes the model's outputs as `modelOutputs`
 * packs them, and has no prediction error: a share of wrong classes and a squared error have no sum.
 *
 * @param likelihoods one for each output
 */
export function jointLikelihood(model: tf.LayersModel, likelihoods: readonly Likelihood[]): PackedTargets<readonly tf.Tensor[]> {
  const names = outputNames(model)
  let forms: readonly RowForm[] = []
  return {
    likelihood: {
      name: likelihoods.map(({ name }) => name).join(' + '),
      settings: Object.fromEntries(
        likelihoods.flatMap(({ settings = {} }, i) =>
          Object.entries(settings).map(([key, value]) => [`${names[i]}.${key}`, value]),
        ),
      ),
      variables: likelihoods.flatMap(({ variables = [] }) => variables),
      logLikelihood: (outputs, targets) =>
        tf.tidy(() => {
          const [each, ys] = [unpacked(outputs, outputForms(model)), unpacked(targets, forms)]
          return tf.addN(likelihoods.map((likelihood, i) => likelihood.logLikelihood(each[i]!, ys[i]!)))
        }),
    },
    pack: (...ys) => {
      forms = ys.map(rowForm)
      return packed(ys)
    },
  }
}
