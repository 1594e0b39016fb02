import * as tf from '@tensorflow/tfjs'
import { InvalidParameterError } from '../errors.ts'
import type { Normal } from '../families/normal.ts'
import { infiniteWhere } from '../numerics/infiniteWhere.ts'
import { log1p } from '../numerics/log1p.ts'
import { broadcastShape } from '../parameter.ts'
import { klNormalNormal } from './pairs/normalNormal.ts'

/**
 * The Renyi divergence of order alpha of two normal distributions, elementwise, in nats.
 *
 *     r = sigma_q / sigma_p,  d = (mu_q - mu_p) / sigma_p,  v = alpha + (1 - alpha) r^2
 *     D_alpha = -log r - log(v) / (2 (alpha - 1)) + alpha d^2 / (2 v);   infinite where v <= 0
 *
 * (Gil, Alajaji and Linder, 2013, table 2.) At alpha = 1 it is the KL divergence, and near it log1p keeps its digits.
 *
 * @param options.alpha order, > 0
 * @returns shape: the broadcast of both batch shapes; the caller owns it
 * @throws InvalidParameterError unless alpha is a finite number > 0
 * @throws ShapeMismatchError when the batch shapes do not broadcast
 */
export function renyiDivergence(q: Normal, p: Normal, options: { readonly alpha: number }): tf.Tensor {
  const { alpha } = options
  if (!(alpha > 0 && Number.isFinite(alpha)))
    throw new InvalidParameterError(`renyiDivergence: alpha is ${alpha}; expected a finite number > 0.`)
  const shape = broadcastShape('D(normal || normal)', { q: q.batchShape, p: p.batchShape })
  if (alpha === 1) return klNormalNormal(q, p)
  return tf.tidy(() => {
    const logRatio = tf.log(tf.div(q.sigma, p.sigma))
    const d = tf.div(tf.sub(q.mu, p.mu), p.sigma)
    // v = 1 - (alpha - 1) (r^2 - 1).
    const excess = tf.mul(tf.minimum(tf.expm1(tf.mul(logRatio, 2)), 1e30), 1 - alpha)
    const v = tf.add(tf.maximum(excess, LEAST - 1), 1)
    const logV = log1p(tf.maximum(excess, LEAST - 1))
    const finite = tf.sub(tf.sub(tf.div(tf.mul(tf.square(d), alpha), tf.mul(v, 2)), tf.div(logV, 2 * (alpha - 1))), logRatio)
    return tf.broadcastTo(
      tf.add(
        finite,
        infiniteWhere([excess], ([each]) => tf.lessEqual(each, -1)),
      ),
      [...shape],
    )
  })
}

/** Stands for v = 0, where the divergence is infinite, to keep NaN out of the finite part. */
const LEAST = 1e-6
