import * as tf from '@tensorflow/tfjs'
import { inverseSoftplus } from '@tfjs-bayes/distributions'

/** exp(-87) is the last power that float32 holds with all its digits: from a smaller rho, sigma would round to 0 and its KL to infinity. */
const SMALLEST_RHO = -87

/** The rho at which a weight with a given sigma > 0 starts. */
export function startOfRho(sigma: number): number {
  return Math.max(inverseSoftplus(sigma), SMALLEST_RHO)
}

/**
 * Keeps what is written into rho in the range in which sigma = softplus(rho) is a float32 > 0, so that "no uncertainty" can be written as any very
 * negative rho. No step of training needs it: the gradient of the KL pushes a small sigma up.
 */
export class RhoRange extends tf.serialization.Serializable {
  static className = 'RhoRange'

  apply(rho: tf.Tensor): tf.Tensor {
    return tf.maximum(rho, SMALLEST_RHO)
  }

  override getConfig(): tf.serialization.ConfigDict {
    return {}
  }
}
