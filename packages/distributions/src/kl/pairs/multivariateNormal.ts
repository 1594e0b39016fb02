import * as tf from '@tensorflow/tfjs'
import type { Distribution } from '../../distribution.ts'
import { ShapeMismatchError } from '../../errors.ts'
import { Independent } from '../../families/independent.ts'
import { MultivariateNormal } from '../../families/multivariateNormal.ts'
import { Normal } from '../../families/normal.ts'
import { lowerTriangle } from '../../linalg/matrices.ts'
import { broadcastParameter, broadcastShape } from '../../parameter.ts'

/**
 * KL(q || p) of two multivariate normal distributions, of any structure of covariance each.
 *
 * With the roots L_q, L_p, the lower triangular M = L_p^-1 L_q and w = L_p^-1 (mu_q - mu_p):
 *
 *     (|M|^2 - n - 2 log|M| + |w|^2) / 2 = (sum_i (M_ii^2 - 1 - log M_ii^2) + sum_{i > j} M_ij^2 + |w|^2) / 2
 *
 * The second form has only terms >= 0: it does not cancel as q approaches p, whatever n is.
 */
export function klMultivariateNormal(q: MultivariateNormal, p: MultivariateNormal): tf.Tensor {
  return tf.tidy(() => {
    const { logDiagonal, offDiagonal, w } = whiten(q, p)
    const t = tf.mul(logDiagonal, 2)
    const variance = tf.sum(tf.sub(tf.expm1(t), t), -1)
    const mean = tf.sum(tf.square(w), -1)
    const known = tf.add(variance, mean)
    return tf.mul(offDiagonal ? tf.add(known, tf.sum(tf.square(offDiagonal), [-2, -1])) : known, 0.5)
  })
}

/** What q looks like in coordinates in which p is a standard normal distribution. */
export interface Whitened {
  /** log of the diagonal of M = L_p^-1 L_q, [..., n]. */
  readonly logDiagonal: tf.Tensor
  /** M below its diagonal, [..., n, n]; absent where both covariances are diagonal. */
  readonly offDiagonal?: tf.Tensor
  /** L_p^-1 (mu_q - mu_p), [..., n]. */
  readonly w: tf.Tensor
}

/** See {@link Whitened}; its tensors belong to the tf.tidy around this call. */
export function whiten(q: MultivariateNormal, p: MultivariateNormal): Whitened {
  if (q.eventShape[0] !== p.eventShape[0]) {
    throw new ShapeMismatchError(
      `multivariateNormal: q is over vectors of length ${q.eventShape}, p of length ${p.eventShape}; expected the same.`,
    )
  }
  broadcastShape('KL(multivariateNormal || multivariateNormal)', { q: q.batchShape, p: p.batchShape })
  const [qRoot, pRoot] = [q.root(), p.root()]
  const w = tf.squeeze(pRoot.solve(tf.expandDims(tf.sub(q.mu, p.mu), -1)), [-1])
  const logDiagonal = tf.sub(tf.log(qRoot.diagonal()), tf.log(pRoot.diagonal()))
  if (q.structure === 'sigma' && p.structure === 'sigma') return { logDiagonal, w }
  return { logDiagonal, w, offDiagonal: lowerTriangle(pRoot.solveLower(qRoot.matrix()), 'strict') }
}

/** Whether a distribution is multivariate normal, or independent normal distributions over vectors, which {@link asMultivariateNormal} makes one. */
export function isMultivariateNormal(d: Distribution): d is MultivariateNormal | Independent<Normal> {
  return d instanceof MultivariateNormal || (d instanceof Independent && d.axes === 1 && d.base instanceof Normal)
}

/** The distribution as a multivariate normal one; new tensors belong to the tf.tidy around this call. */
export function asMultivariateNormal(d: MultivariateNormal | Independent<Normal>): MultivariateNormal {
  if (d instanceof MultivariateNormal) return d
  const { mu, sigma, batchShape } = d.base
  return new MultivariateNormal({ mu: broadcastParameter(mu, batchShape), sigma: broadcastParameter(sigma, batchShape) })
}
