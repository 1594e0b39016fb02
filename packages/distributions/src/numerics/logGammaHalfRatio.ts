import * as tf from '@tensorflow/tfjs'
import type { Parameter } from '../parameter.ts'
import { elementwise } from './elementwise.ts'

/** How far the argument is moved up before the asymptotic series is used: at 4 its first neglected term is 6e-9. */
const SHIFT = 4

/**
 * log Gamma(a + 1/2) - log Gamma(a), which the two logarithms would lose by cancellation for large a.
 *
 * The recurrence moves a up to x = a + 4; there log Gamma(x + 1/2) - log Gamma(x) =
 * log(x) / 2 - 1 / (8 x) + 1 / (192 x^3) - 1 / (640 x^5) + 17 / (14336 x^7) (from DLMF 5.11.8).
 *
 * @param a > 0
 */
export function logGammaHalfRatio(a: Parameter): tf.Tensor {
  const rule = (input: Parameter): tf.Tensor => {
    const x = tf.add(input, SHIFT)
    const inverse = tf.div(1, x)
    const w = tf.square(inverse)
    const series = tf.mul(inverse, tf.add(tf.mul(w, tf.add(tf.mul(w, tf.add(tf.mul(w, 17 / 14336), -1 / 640)), 1 / 192)), -1 / 8))
    let product = tf.onesLike(x)
    for (let i = 0; i < SHIFT; i++) product = tf.mul(product, tf.div(tf.add(input, i), tf.add(input, i + 0.5)))
    return tf.add(tf.add(tf.mul(tf.log(x), 0.5), series), tf.log(product))
  }
  if (typeof a === 'number') return tf.tidy(() => rule(a))
  return elementwise([a], { value: ([v]) => rule(v), derivatives: ([v]) => [() => digammaHalfDifference(v)] })
}

/**
 * digamma(a + 1/2) - digamma(a), the derivative of {@link logGammaHalfRatio}: a sum of positive terms, so nothing cancels.
 *
 * @param a > 0
 */
export function digammaHalfDifference(a: Parameter): tf.Tensor {
  return tf.tidy(() => {
    const inverse = tf.div(1, tf.add(a, SHIFT))
    const w = tf.square(inverse)
    const tail = tf.add(tf.mul(w, tf.add(tf.mul(w, tf.add(tf.mul(w, -17 / 2048), 1 / 128)), -1 / 64)), 1 / 8)
    let sum = tf.add(tf.mul(inverse, 0.5), tf.mul(w, tail))
    for (let i = 0; i < SHIFT; i++) sum = tf.add(sum, tf.div(0.5, tf.mul(tf.add(a, i), tf.add(a, i + 0.5))))
    return sum
  })
}
