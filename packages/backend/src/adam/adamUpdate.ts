import * as tf from '@tensorflow/tfjs'

/** The tfjs kernel name; `nativeAdam.ts` registers TensorFlow's own op under it, any other backend runs plain ops. */
export const ADAM_UPDATE = 'AdamUpdate'

/** One weight tensor at step t of Adam, counted from 1. */
export interface AdamUpdateArgs {
  /** The weights, any shape. */
  readonly value: tf.Tensor
  /** Running means of the gradient and of its square after step t - 1, of the weights' shape. */
  readonly firstMoment: tf.Tensor
  readonly secondMoment: tf.Tensor
  readonly gradient: tf.Tensor
  /** float32 scalar. */
  readonly learningRate: tf.Tensor
  /** beta1^t and beta2^t, float32 scalars. */
  readonly beta1Power: tf.Tensor
  readonly beta2Power: tf.Tensor
  readonly beta1: number
  readonly beta2: number
  /** Added to the root of the corrected second moment, as tfjs does. */
  readonly epsilon: number
}

/** The weights and their moments after step t: new tensors, which the caller owns. */
export type AdamUpdate = { readonly value: tf.Tensor; readonly firstMoment: tf.Tensor; readonly secondMoment: tf.Tensor }

/**
 * One step of Adam on one weight tensor. Kingma & Ba (2015), "Adam: A Method for Stochastic Optimization", algorithm 1 with both bias corrections in
 * the step size, as at the end of its section 2:
 *
 *     m_t = m + (1 - beta1) (g - m),  v_t = v + (1 - beta2) (g^2 - v)
 *     alpha = rate * sqrt(1 - beta2^t) / (1 - beta1^t)
 *     w_t = w - alpha * m_t / (sqrt(v_t) + epsilon * sqrt(1 - beta2^t))
 *
 * The numbers are those of `tf.train.adam` up to rounding. On the native backend it is TensorFlow's `ResourceApplyAdam`, one pass over the weights
 * instead of twelve.
 */
export function adamUpdate(args: AdamUpdateArgs): AdamUpdate {
  return tf.tidy(() => {
    const { value, firstMoment, secondMoment, gradient, learningRate, beta1Power, beta2Power, beta1, beta2, epsilon } = args
    const root = tf.sqrt(tf.sub(1, beta2Power))
    const scaledEpsilon = tf.mul(root, epsilon)
    if (tf.getKernel(ADAM_UPDATE, tf.getBackend()) != null) {
      const inputs = { value, firstMoment, secondMoment, gradient, learningRate, beta1Power, beta2Power, scaledEpsilon }
      const [w, m, v] = tf.engine().runKernel(ADAM_UPDATE, inputs, { beta1, beta2 }) as unknown as tf.Tensor[]
      return { value: w!, firstMoment: m!, secondMoment: v! }
    }
    const alpha = tf.div(tf.mul(learningRate, root), tf.sub(1, beta1Power))
    const m = tf.add(firstMoment, tf.mul(tf.sub(gradient, firstMoment), complement(beta1)))
    const v = tf.add(secondMoment, tf.mul(tf.sub(tf.square(gradient), secondMoment), complement(beta2)))
    const w = tf.sub(value, tf.div(tf.mul(m, alpha), tf.add(tf.sqrt(v), scaledEpsilon)))
    return { value: w, firstMoment: m, secondMoment: v }
  })
}

/** 1 - beta as TensorFlow's op has it, in float32: for 0.999 that is 0.00100005, and 1 - beta^t errs alike. */
function complement(beta: number): number {
  return Math.fround(1 - Math.fround(beta))
}
