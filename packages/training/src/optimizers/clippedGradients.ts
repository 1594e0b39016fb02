import * as tf from '@tensorflow/tfjs'

/**
 * Scales gradients down together where their global norm is above a bound; the direction stays.
 *
 * Pascanu, Mikolov & Bengio (2013), "On the difficulty of training recurrent neural networks", algorithm 1.
 *
 * @param gradients one for each variable, undefined where there is none
 * @param clipNorm the bound, above 0
 * @returns new tensors, in the enclosing `tf.tidy`
 */
export function clippedGradients(gradients: readonly (tf.Tensor | undefined)[], clipNorm: number): (tf.Tensor | undefined)[] {
  const squares = gradients.flatMap((gradient) => (gradient ? [tf.sum(tf.square(gradient))] : []))
  const norm = tf.sqrt(tf.addN(squares))
  // max(norm, bound) keeps the ratio at 1 below the bound and never divides by 0.
  const scale = tf.div(clipNorm, tf.maximum(norm, clipNorm))
  return gradients.map((gradient) => gradient && tf.mul(gradient, scale))
}
