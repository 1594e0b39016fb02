import * as tf from '@tensorflow/tfjs'
import type { Distribution } from '../distribution.ts'
import { InvalidParameterError } from '../errors.ts'
import { MultivariateNormal } from '../families/multivariateNormal.ts'
import type { Normal } from '../families/normal.ts'
import { cholesky } from '../linalg/cholesky.ts'
import { diagonalOf, fromDiagonal } from '../linalg/matrices.ts'
import { triangularSolve } from '../linalg/triangularSolve.ts'
import { elementwise } from '../numerics/elementwise.ts'
import { infiniteWhere } from '../numerics/infiniteWhere.ts'
import { log1p } from '../numerics/log1p.ts'
import { broadcastShape } from '../parameter.ts'
import { closedKl } from './closed.ts'
import { whiten } from './pairs/multivariateNormal.ts'

/**
 * The Renyi divergence of order alpha of two normal distributions, in nats; of two multivariate ones likewise.
 *
 *     r = sigma_q / sigma_p,  d = (mu_q - mu_p) / sigma_p,  v = alpha + (1 - alpha) r^2
 *     D_alpha = -log r - log(v) / (2 (alpha - 1)) + alpha d^2 / (2 v);   infinite where v <= 0
 *
 * (Gil, Alajaji and Linder, 2013, table 2.) At alpha = 1 it is the KL divergence, and near it log1p keeps the digits of the univariate form.
 *
 * @param options.alpha order, > 0
 * @returns shape: the broadcast of both batch shapes; the caller owns it
 * @throws InvalidParameterError unless alpha is a finite number > 0
 * @throws ShapeMismatchError when the shapes do not fit
 */
export function renyiDivergence(q: Normal, p: Normal, options: { readonly alpha: number }): tf.Tensor
export function renyiDivergence(q: MultivariateNormal, p: MultivariateNormal, options: { readonly alpha: number }): tf.Tensor
export function renyiDivergence(
  q: Normal | MultivariateNormal,
  p: Normal | MultivariateNormal,
  options: { readonly alpha: number },
): tf.Tensor {
  const { alpha } = options
  if (!(alpha > 0 && Number.isFinite(alpha)))
    throw new InvalidParameterError(`renyiDivergence: alpha is ${alpha}; expected a finite number > 0.`)
  const shape = broadcastShape(`D(${q.family} || ${p.family})`, { q: q.batchShape, p: p.batchShape })
  if (alpha === 1) return closedKl(q, p as Distribution)
  return tf.tidy(() => {
    const value =
      q instanceof MultivariateNormal ? multivariate(q, p as MultivariateNormal, alpha) : univariate(q, p as Normal, alpha)
    return tf.broadcastTo(value, [...shape])
  })
}

function univariate(q: Normal, p: Normal, alpha: number): tf.Tensor {
  return orderAlpha(tf.log(tf.div(q.sigma, p.sigma)), tf.div(tf.sub(q.mu, p.mu), p.sigma), alpha)
}

/** From log r and d. */
function orderAlpha(logRatio: tf.Tensor, d: tf.Tensor, alpha: number): tf.Tensor {
  // v = 1 + (1 - alpha) (r^2 - 1).
  const excess = tf.mul(tf.minimum(tf.expm1(tf.mul(logRatio, 2)), 1e30), 1 - alpha)
  const bounded = tf.maximum(excess, LEAST - 1)
  const distance = tf.div(tf.mul(tf.square(d), alpha), tf.mul(tf.add(bounded, 1), 2))
  const finite = tf.sub(tf.sub(distance, tf.div(log1p(bounded), 2 * (alpha - 1))), logRatio)
  return tf.add(
    finite,
    infiniteWhere([excess], ([each]) => tf.lessEqual(each, -1)),
  )
}

/**
 * In coordinates in which p is standard, with K = alpha I + (1 - alpha) M M^T:
 *
 *     alpha w^T K^-1 w / 2 - (log|K| - 2 (1 - alpha) log|M|) / (2 (alpha - 1));   infinite where K is not positive definite
 */
function multivariate(q: MultivariateNormal, p: MultivariateNormal, alpha: number): tf.Tensor {
  const { logDiagonal, offDiagonal, w } = whiten(q, p)
  if (!offDiagonal) return tf.sum(orderAlpha(logDiagonal, w, alpha), -1)
  const m = tf.add(offDiagonal, fromDiagonal(tf.exp(logDiagonal)))
  const k = tf.add(tf.mul(tf.matMul(m, m, false, true), 1 - alpha), tf.mul(tf.eye(q.eventShape[0]!), alpha))
  const factor = cholesky(k)
  const distance = tf.sum(tf.square(triangularSolve(factor, tf.expandDims(w, -1))), [-2, -1])
  const logDeterminants = tf.sub(tf.sum(tf.log(diagonalOf(factor)), -1), tf.mul(tf.sum(logDiagonal, -1), 1 - alpha))
  return infiniteForNaN(tf.sub(tf.mul(distance, alpha / 2), tf.div(logDeterminants, alpha - 1)))
}

/** The factorization of a matrix that is not positive definite gives NaN. */
function infiniteForNaN(value: tf.Tensor): tf.Tensor {
  return elementwise([value], {
    value: ([each]) => tf.where(tf.isNaN(each), tf.fill(each.shape, Number.POSITIVE_INFINITY), each),
    derivatives: () => [() => 1],
  })
}

/** Stands for v = 0, where the divergence is infinite, to keep NaN out of the finite part. */
const LEAST = 1e-6
