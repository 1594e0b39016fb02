import * as tf from '@tensorflow/tfjs'
import type { Cauchy } from '../../families/cauchy.ts'
import type { HalfCauchy } from '../../families/halfCauchy.ts'
import type { StudentT } from '../../families/studentT.ts'
import type { Uniform } from '../../families/uniform.ts'
import { infiniteWhere } from '../../numerics/infiniteWhere.ts'
import { log1p, log1pSquare } from '../../numerics/log1p.ts'
import { logGammaHalfRatio } from '../../numerics/logGammaHalfRatio.ts'
import type { Parameter } from '../../parameter.ts'
import { entropyIn } from './entropyIn.ts'
import { meanOverInterval } from './meanOverInterval.ts'

/**
 * KL(Cauchy || Cauchy) = log(((s_q + s_p)^2 + (mu_q - mu_p)^2) / (4 s_q s_p)) (Chyzak and Nielsen, 2019, "A closed-form formula for the
 * Kullback-Leibler divergence between Cauchy distributions"), as log1p of its distance from equality.
 */
export function klCauchyCauchy(q: Cauchy, p: Cauchy): tf.Tensor {
  return tf.tidy(() => fromDistance(tf.sub(q.mu, p.mu), q.scale, p.scale))
}

/** KL(HalfCauchy || HalfCauchy), that of the unfolded distributions. */
export function klHalfCauchyHalfCauchy(q: HalfCauchy, p: HalfCauchy): tf.Tensor {
  return tf.tidy(() => fromDistance(tf.scalar(0), q.scale, p.scale))
}

/**
 * KL(Cauchy || StudentT). With c = scale_p sqrt(df), log((x - mu_p)^2 + c^2) is the real part of a function analytic in the upper half-plane, so
 * its mean under the Cauchy distribution is its value at mu_q + i scale_q: log((scale_q + c)^2 + (mu_q - mu_p)^2).
 */
export function klCauchyStudentT(q: Cauchy, p: StudentT): tf.Tensor {
  return tf.tidy(() => {
    const c = tf.mul(p.scale, tf.sqrt(p.df))
    const sum = tf.add(tf.div(q.scale, c), 1)
    const mean = tf.add(tf.mul(tf.log(sum), 2), log1pSquare(tf.div(tf.div(tf.sub(q.mu, p.mu), c), sum)))
    return tf.sub(studentTCrossEntropy(p, mean), entropyIn(q, p.scale))
  })
}

/** KL(Uniform || Cauchy) = -log((high - low) / scale) + log pi + the mean of log(1 + z^2) over the interval. */
export function klUniformCauchy(q: Uniform, p: Cauchy): tf.Tensor {
  return tf.tidy(() => {
    const mean = meanLog1pSquare(q, p.mu, p.scale)
    return tf.sub(tf.add(mean, Math.log(Math.PI)), entropyIn(q, p.scale))
  })
}

/** KL(Uniform || HalfCauchy); infinite unless the interval lies in x >= 0. */
export function klUniformHalfCauchy(q: Uniform, p: HalfCauchy): tf.Tensor {
  return tf.tidy(() => {
    const mean = meanLog1pSquare(q, 0, p.scale)
    const finite = tf.sub(tf.add(mean, Math.log(Math.PI / 2)), entropyIn(q, p.scale))
    return tf.add(
      finite,
      infiniteWhere([q.low], ([low]) => tf.less(low, 0)),
    )
  })
}

/** KL(Uniform || StudentT), from the mean of log(1 + z^2 / df) over the interval. */
export function klUniformStudentT(q: Uniform, p: StudentT): tf.Tensor {
  return tf.tidy(() => {
    const mean = meanLog1pSquare(q, p.mu, tf.mul(p.scale, tf.sqrt(p.df)))
    return tf.sub(studentTCrossEntropy(p, mean), entropyIn(q, p.scale))
  })
}

function fromDistance(d: tf.Tensor, a: Parameter, b: Parameter): tf.Tensor {
  const root = tf.mul(tf.sqrt(a), tf.sqrt(b))
  const square = (x: tf.Tensor): tf.Tensor => tf.square(tf.div(x, tf.mul(root, 2)))
  return log1p(tf.add(square(tf.sub(a, b)), square(d)))
}

/** -E log p(x) - log scale for a Student p, given E log(1 + ((x - mu) / scale)^2 / df). */
function studentTCrossEntropy(p: StudentT, mean: tf.Tensor): tf.Tensor {
  const normalizer = tf.sub(
    logGammaHalfRatio(typeof p.df === 'number' ? p.df / 2 : tf.mul(p.df, 0.5)),
    tf.mul(tf.log(tf.mul(p.df, Math.PI)), 0.5),
  )
  return tf.sub(tf.mul(tf.mul(tf.add(p.df, 1), 0.5), mean), normalizer)
}

/** The mean over the interval of log(1 + ((x - mu) / scale)^2), from its antiderivative z log(1 + z^2) - 2 z + 2 atan z. */
function meanLog1pSquare(q: Uniform, mu: Parameter, scale: Parameter): tf.Tensor {
  const z = (x: Parameter): tf.Tensor => tf.div(tf.sub(x, mu), scale)
  return meanOverInterval(z(q.low), z(q.high), {
    f: log1pSquare,
    antiderivative: (t) => tf.add(tf.sub(tf.mul(t, log1pSquare(t)), tf.mul(t, 2)), tf.mul(tf.atan(t), 2)),
    // The singularities are at +-i.
    distanceToSingularity: (middle) => tf.sqrt(tf.add(tf.square(middle), 1)),
  })
}
