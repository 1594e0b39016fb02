import * as tf from '@tensorflow/tfjs'
import { packed, type RowForm, rowForm, unpacked } from '../data/columns.ts'
import type { Likelihood } from './likelihood.ts'
import type { PackedTargets } from './packedTargets.ts'

/**
 * A likelihood in which parts of a target may be missing; its targets are packed with a mask of as many numbers, 1 where a part is known and 0 where not.
 *
 * @param likelihood one with `elements`
 */
export function maskedLikelihood(likelihood: Likelihood): PackedTargets<[y: tf.Tensor, mask: tf.Tensor]> {
  const { elements, ...rest } = likelihood
  let forms: readonly RowForm[] = []
  return {
    likelihood: {
      ...rest,
      logLikelihood: (outputs, both) =>
        tf.tidy(() => {
          const [y, mask] = unpacked(both, forms)
          return tf.sum(tf.mul(elements!.logLikelihood(outputs, y!), mask!), 1)
        }),
      predictionError: (prediction, both) =>
        tf.tidy(() => {
          const [y, mask] = unpacked(both, forms)
          const errors = tf.mul(elements!.predictionError(prediction, y!), mask!)
          return tf.div(tf.sum(errors, 1), tf.maximum(tf.sum(mask!, 1), 1))
        }),
    },
    pack: (y, mask) => {
      const form = rowForm(y)
      forms = [form, { sizes: [tf.util.sizeFromShape([...form.sizes])], dtype: 'float32' }]
      return packed([y, mask])
    },
  }
}
