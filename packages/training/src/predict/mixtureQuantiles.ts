import * as tf from '@tensorflow/tfjs'
import type { Distribution } from '@tfjs-bayes/distributions'

/** Halvings of an interval: more than float32 can tell apart. */
const STEPS = 40

/**
 * The quantile of an equal mixture, by bisection between the least and the greatest quantile of its components.
 *
 * @param components a distribution over [draws, ...]: the components lie along the first axis
 * @param p between 0 and 1
 * @returns [...]: where the mean of the components' distribution functions reaches p; in the enclosing `tf.tidy`
 */
export function mixtureQuantiles(components: Distribution, p: number): tf.Tensor {
  const quantiles = components.quantile(tf.scalar(p))
  const each = quantiles.toFloat()
  let low = tf.min(each, 0)
  let high = tf.max(each, 0)
  for (let step = 0; step < STEPS; step++) {
    ;[low, high] = tf.tidy(() => {
      const middle = tf.mul(tf.add(low, high), 0.5)
      const below = tf.less(tf.mean(components.cdf(tf.expandDims(middle, 0)), 0), p)
      return [tf.where(below, middle, low), tf.where(below, high, middle)] as [tf.Tensor, tf.Tensor]
    })
  }
  // Of counts, the least one that reaches p; the interval has closed in on it from above.
  return quantiles.dtype === 'int32' ? tf.round(high) : high
}
