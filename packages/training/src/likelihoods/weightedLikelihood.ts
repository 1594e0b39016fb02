import * as tf from '@tensorflow/tfjs'
import { packed, type RowForm, rowForm, unpacked } from '../data/columns.ts'
import type { Likelihood } from './likelihood.ts'
import type { PackedTargets } from './packedTargets.ts'

/** A likelihood in which an example counts `weight` times; its targets are packed with their weights, [rows]. */
export function weightedLikelihood(likelihood: Likelihood): PackedTargets<[y: tf.Tensor, weights: tf.Tensor]> {
  const { logLikelihood, predictionError, elements: _, ...rest } = likelihood
  let forms: readonly RowForm[] = []
  const weighted =
    (values: (outputs: tf.Tensor, y: tf.Tensor) => tf.Tensor) =>
    (outputs: tf.Tensor, both: tf.Tensor): tf.Tensor =>
      tf.tidy(() => {
        const [y, weights] = unpacked(both, forms)
        return tf.mul(values(outputs, y!), weights!)
      })
  return {
    likelihood: {
      ...rest,
      logLikelihood: weighted(logLikelihood),
      ...(predictionError && { predictionError: weighted(predictionError) }),
    },
    pack: (y, weights) => {
      forms = [rowForm(y), { sizes: [], dtype: 'float32' }]
      return packed([y, weights])
    },
  }
}
