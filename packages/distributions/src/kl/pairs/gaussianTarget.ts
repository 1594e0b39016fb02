import * as tf from '@tensorflow/tfjs'
import type { Distribution } from '../../distribution.ts'
import type { HalfNormal } from '../../families/halfNormal.ts'
import type { Normal } from '../../families/normal.ts'

const HALF_LOG_TWO_PI = 0.5 * Math.log(2 * Math.PI)

/**
 * KL(q || N(mu, sigma^2)) for a q with an entropy H and two moments:
 *
 *     -H(q) + log sigma + log(2 pi) / 2 + (Var q + (E q - mu)^2) / (2 sigma^2)
 */
export function klToNormal(q: Distribution, p: Normal): tf.Tensor {
  return tf.tidy(() => {
    const square = tf.add(q.variance(), tf.square(tf.sub(q.mean(), p.mu)))
    return tf.sub(gaussianCrossEntropy(square, p.sigma), q.entropy())
  })
}

/** KL(q || HalfNormal(sigma)) for a q on x >= 0: -H(q) + log sigma + log(pi / 2) / 2 + E x^2 / (2 sigma^2). */
export function klToHalfNormal(q: Distribution, p: HalfNormal): tf.Tensor {
  return tf.tidy(() => {
    const square = tf.add(q.variance(), tf.square(q.mean()))
    return tf.sub(tf.sub(gaussianCrossEntropy(square, p.sigma), Math.LN2), q.entropy())
  })
}

/** -E log N(x; mu, sigma^2), given E (x - mu)^2. */
function gaussianCrossEntropy(square: tf.Tensor, sigma: Normal['sigma']): tf.Tensor {
  return tf.add(tf.add(tf.log(sigma), HALF_LOG_TWO_PI), tf.div(square, tf.mul(tf.square(sigma), 2)))
}
