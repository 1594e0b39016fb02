import * as tf from '@tensorflow/tfjs'
import type { NoiseKind } from '../distribution.ts'
import { log1p } from '../numerics/log1p.ts'

/** A distribution whose shifts and multiples make up a family. Values only, of a z without gradient: derivatives follow from them. */
export interface StandardForm {
  /** log f(z), -Infinity outside the support. */
  readonly logDensity: (z: tf.Tensor) => tf.Tensor
  /** d log f(z) / dz, 0 outside the support. */
  readonly score: (z: tf.Tensor) => tf.Tensor
  /** Where the density is 0; absent where that is nowhere. */
  readonly outside?: (z: tf.Tensor) => tf.Tensor
  /** F(z), with relative accuracy in the lower tail. */
  readonly cdf: (z: tf.Tensor) => tf.Tensor
  /** log F(z), right in both tails. */
  readonly logCdf: (z: tf.Tensor) => tf.Tensor
  /** log (1 - F(z)), right in both tails. */
  readonly logSurvival: (z: tf.Tensor) => tf.Tensor
  /** d log F(z) / dz and d log (1 - F(z)) / dz; absent where the difference of the logarithms of f and F gives them. */
  readonly logCdfSlope?: (z: tf.Tensor) => tf.Tensor
  readonly logSurvivalSlope?: (z: tf.Tensor) => tf.Tensor
  /** z with F(z) = p; infinite at an end of the range where the support is. */
  readonly quantile: (p: tf.Tensor) => tf.Tensor
  readonly entropy: number
  readonly noiseKind: NoiseKind
}

/** What a form symmetric about 0 is made of. */
export interface SymmetricForm {
  readonly logDensity: (z: tf.Tensor) => tf.Tensor
  readonly score: (z: tf.Tensor) => tf.Tensor
  /** F(z), with relative accuracy in the lower tail. */
  readonly cdf: (z: tf.Tensor) => tf.Tensor
  /** F(z) - 1/2, with relative accuracy at 0. */
  readonly centralCdf: (z: tf.Tensor) => tf.Tensor
  readonly logCdf: (z: tf.Tensor) => tf.Tensor
  /** d log F(z) / dz; absent where the difference of the logarithms of f and F gives it. */
  readonly logCdfSlope?: (z: tf.Tensor) => tf.Tensor
  /** z with F(z) = p, given p - 1/2 and min(p, 1 - p), so that neither end of the range is rounded away; infinite where the second is 0. */
  readonly quantile: (central: tf.Tensor, tail: tf.Tensor) => tf.Tensor
  readonly entropy: number
  readonly noiseKind: NoiseKind
}

/** The standard form of a symmetric distribution. */
export function symmetric(form: SymmetricForm): StandardForm {
  const { logDensity, score, cdf, logCdf, logCdfSlope, quantile, entropy, noiseKind } = form
  return {
    ...(logCdfSlope && { logCdfSlope, logSurvivalSlope: (z: tf.Tensor) => tf.neg(logCdfSlope(tf.neg(z))) }),
    logDensity,
    score,
    cdf,
    logCdf,
    logSurvival: (z) => logCdf(tf.neg(z)),
    quantile: (p) => quantile(tf.sub(p, 0.5), tf.minimum(p, tf.sub(1, p))),
    entropy,
    noiseKind,
  }
}

/** The standard form of |z|: twice the density on z >= 0, nothing below. */
export function folded(form: SymmetricForm): StandardForm {
  // By what is outside: NaN is neither, and stays NaN.
  const outside = (z: tf.Tensor): tf.Tensor => tf.less(z, 0)
  const within = (z: tf.Tensor, value: tf.Tensor, otherwise: number): tf.Tensor =>
    tf.where(outside(z), tf.fill(z.shape, otherwise), value)
  const slope = form.logCdfSlope
  const logTail = (z: tf.Tensor): tf.Tensor => tf.add(form.logCdf(tf.neg(z)), Math.LN2)
  return {
    outside,
    ...(slope && { logSurvivalSlope: (z: tf.Tensor) => within(z, tf.neg(slope(tf.neg(z))), 0) }),
    logDensity: (z) => within(z, tf.add(form.logDensity(z), Math.LN2), Number.NEGATIVE_INFINITY),
    score: (z) => within(z, form.score(z), 0),
    cdf: (z) => tf.mul(form.centralCdf(tf.relu(z)), 2),
    // Near 0 the logarithm of 2 F(z) - 1, further out of one minus the tails.
    logCdf: (z) => {
      const near = tf.log(tf.mul(form.centralCdf(tf.clipByValue(z, 0, 1)), 2))
      const far = log1p(tf.neg(tf.exp(logTail(tf.maximum(z, 1)))))
      return tf.where(tf.less(z, 1), near, far)
    },
    // Near 0 from 1 - (2 F(z) - 1): the logarithm of twice the tail would round to something beside 0.
    logSurvival: (z) => {
      const near = log1p(tf.mul(form.centralCdf(tf.clipByValue(z, 0, 0.5)), -2))
      return tf.where(tf.less(z, 0.5), near, logTail(tf.maximum(z, 0.5)))
    },
    quantile: (p) => form.quantile(tf.mul(p, 0.5), tf.mul(tf.sub(1, p), 0.5)),
    entropy: form.entropy - Math.LN2,
    noiseKind: form.noiseKind,
  }
}
