import * as tf from '@tensorflow/tfjs'
import type { HalfNormal } from '../../families/halfNormal.ts'
import type { Uniform } from '../../families/uniform.ts'
import { infiniteWhere } from '../../numerics/infiniteWhere.ts'
import { klToHalfNormal } from './gaussianTarget.ts'

/** KL(Uniform || Uniform) = log of the ratio of the widths; infinite unless p's interval contains q's. */
export function klUniformUniform(q: Uniform, p: Uniform): tf.Tensor {
  return tf.tidy(() => {
    const ratio = tf.div(tf.sub(p.high, p.low), tf.sub(q.high, q.low))
    const outside = infiniteWhere([q.low, q.high, p.low, p.high], ([qLow, qHigh, pLow, pHigh]) =>
      tf.logicalOr(tf.less(qLow, pLow), tf.greater(qHigh, pHigh)),
    )
    return tf.add(tf.log(ratio), outside)
  })
}

/** KL(Uniform || HalfNormal); infinite unless the interval lies in x >= 0. */
export function klUniformHalfNormal(q: Uniform, p: HalfNormal): tf.Tensor {
  return tf.tidy(() =>
    tf.add(
      klToHalfNormal(q, p),
      infiniteWhere([q.low], ([low]) => tf.less(low, 0)),
    ),
  )
}
