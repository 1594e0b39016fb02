import * as tf from '@tensorflow/tfjs'
import type { Distribution } from '../../distribution.ts'
import type { HalfNormal } from '../../families/halfNormal.ts'
import type { Normal } from '../../families/normal.ts'
import { entropyIn } from './entropyIn.ts'

const HALF_LOG_TWO_PI = 0.5 * Math.log(2 * Math.PI)

/**
 * KL(q || N(mu, sigma^2)) for a q with an entropy H and two moments:
 *
 *     -H(q / sigma) + log(2 pi) / 2 + (Var q + (E q - mu)^2) / (2 sigma^2)
 */
export function klToNormal(q: Distribution, p: Normal): tf.Tensor {
  return tf.tidy(() => {
    const square = tf.add(q.variance(), tf.square(tf.sub(q.mean(), p.mu)))
    return tf.sub(tf.add(halfOf(square, p.sigma), HALF_LOG_TWO_PI), entropyIn(q, p.sigma))
  })
}

/** KL(q || HalfNormal(sigma)) for a q on x >= 0: -H(q / sigma) + log(pi / 2) / 2 + E x^2 / (2 sigma^2). */
export function klToHalfNormal(q: Distribution, p: HalfNormal): tf.Tensor {
  return tf.tidy(() => {
    const square = tf.add(q.variance(), tf.square(q.mean()))
    return tf.sub(tf.add(halfOf(square, p.sigma), HALF_LOG_TWO_PI - Math.LN2), entropyIn(q, p.sigma))
  })
}

/** square / (2 sigma^2). */
function halfOf(square: tf.Tensor, sigma: Normal['sigma']): tf.Tensor {
  return tf.div(square, tf.mul(tf.square(sigma), 2))
}
