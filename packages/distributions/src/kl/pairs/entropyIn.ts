import * as tf from '@tensorflow/tfjs'
import type { Distribution } from '../../distribution.ts'
import { Cauchy } from '../../families/cauchy.ts'
import { HalfNormal } from '../../families/halfNormal.ts'
import { Laplace } from '../../families/laplace.ts'
import { Logistic } from '../../families/logistic.ts'
import { LogNormal } from '../../families/logNormal.ts'
import { StudentT } from '../../families/studentT.ts'
import { Uniform } from '../../families/uniform.ts'
import type { Parameter } from '../../parameter.ts'

/**
 * The entropy of x / unit, H(x) - log(unit): what the divergence from a p of that scale has of the entropy.
 *
 * From the ratio of both scales: at scales of 1e6 the two logarithms are 14 and have a rounding error of 1e-6 each, more than a divergence near 0 may have.
 */
export function entropyIn(q: Distribution, unit: Parameter): tf.Tensor {
  return tf.tidy(() => {
    if (q instanceof StudentT) return new StudentT({ df: q.df, mu: 0, scale: tf.div(q.scale, unit) }).entropy()
    if (q instanceof Laplace || q instanceof Logistic || q instanceof Cauchy) {
      return q.withParameters({ mu: 0, scale: tf.div(q.scale, unit) }).entropy()
    }
    if (q instanceof HalfNormal) return new HalfNormal({ sigma: tf.div(q.sigma, unit) }).entropy()
    if (q instanceof Uniform) return tf.log(tf.div(tf.sub(q.high, q.low), unit))
    if (q instanceof LogNormal) return new LogNormal({ mu: tf.sub(q.mu, tf.log(unit)), sigma: q.sigma }).entropy()
    return tf.sub(q.entropy(), tf.log(unit))
  })
}
