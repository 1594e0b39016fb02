import * as tf from '@tensorflow/tfjs'
import type { HalfCauchy } from '../../families/halfCauchy.ts'
import type { HalfNormal } from '../../families/halfNormal.ts'
import type { LogNormal } from '../../families/logNormal.ts'
import { Normal } from '../../families/normal.ts'
import type { Uniform } from '../../families/uniform.ts'
import { infiniteWhere } from '../../numerics/infiniteWhere.ts'
import { meanOverInterval } from './meanOverInterval.ts'
import { klNormalNormal } from './normalNormal.ts'

const HALF_LOG_TWO_PI = 0.5 * Math.log(2 * Math.PI)
const EULER_GAMMA = 0.5772156649015329

/** KL(LogNormal || LogNormal), that of the logarithms: the divergence does not change under a bijection. */
export function klLogNormalLogNormal(q: LogNormal, p: LogNormal): tf.Tensor {
  return klNormalNormal(q.logarithm, p.logarithm)
}

/** KL(HalfNormal || HalfNormal), that of the unfolded distributions. */
export function klHalfNormalHalfNormal(q: HalfNormal, p: HalfNormal): tf.Tensor {
  return klNormalNormal(new Normal({ mu: 0, sigma: q.sigma }), new Normal({ mu: 0, sigma: p.sigma }))
}

/** KL(HalfNormal || LogNormal): log x has mean log sigma - (gamma + log 2) / 2 and variance pi^2 / 8, gamma Euler's constant. */
export function klHalfNormalLogNormal(q: HalfNormal, p: LogNormal): tf.Tensor {
  return tf.tidy(() => {
    const mean = tf.sub(tf.log(q.sigma), (EULER_GAMMA + Math.LN2) / 2)
    return tf.sub(logNormalCrossEntropy(p, mean, Math.PI ** 2 / 8), q.entropy())
  })
}

/** KL(HalfCauchy || LogNormal): log x has mean log scale and variance pi^2 / 4. */
export function klHalfCauchyLogNormal(q: HalfCauchy, p: LogNormal): tf.Tensor {
  return tf.tidy(() => tf.sub(logNormalCrossEntropy(p, tf.log(q.scale), Math.PI ** 2 / 4), q.entropy()))
}

/** KL(Uniform || LogNormal), from the means of log x and (log x - mu)^2 over the interval; infinite unless it lies in x >= 0. */
export function klUniformLogNormal(q: Uniform, p: LogNormal): tf.Tensor {
  return tf.tidy(() => {
    const [low, high] = [tf.maximum(q.low, SMALLEST), tf.maximum(q.high, 2 * SMALLEST)]
    const distanceToSingularity = (x: tf.Tensor): tf.Tensor => x
    const mean = meanOverInterval(low, high, {
      f: tf.log,
      antiderivative: (x) => tf.mul(x, tf.sub(tf.log(x), 1)),
      distanceToSingularity,
    })
    const meanSquare = meanOverInterval(low, high, {
      f: (x) => tf.square(tf.log(x)),
      antiderivative: (x) => tf.mul(x, tf.add(tf.square(tf.sub(tf.log(x), 1)), 1)),
      distanceToSingularity,
    })
    const finite = tf.sub(logNormalCrossEntropy(p, mean, tf.sub(meanSquare, tf.square(mean))), q.entropy())
    return tf.add(
      finite,
      infiniteWhere([q.low], ([lowest]) => tf.less(lowest, 0)),
    )
  })
}

/** Stands for 0 in a logarithm: x log(x)^2 is 0 there. */
const SMALLEST = 1e-37

/** -E log p(x) for a log-normal p, given mean and variance of log x. */
function logNormalCrossEntropy(p: LogNormal, mean: tf.Tensor, variance: tf.Tensor | number): tf.Tensor {
  const square = tf.add(tf.square(tf.sub(mean, p.mu)), variance)
  return tf.add(tf.add(mean, tf.add(tf.log(p.sigma), HALF_LOG_TWO_PI)), tf.div(square, tf.mul(tf.square(p.sigma), 2)))
}
