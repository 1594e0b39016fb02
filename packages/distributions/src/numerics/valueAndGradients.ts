import * as tf from '@tensorflow/tfjs'

/** A value and its gradients. (A type, not an interface: tf.tidy takes it as a result.) */
export type ValueAndGradients = {
  readonly value: tf.Tensor
  /** By each input, of its shape; zero where the function does not depend on it. */
  readonly gradients: tf.Tensor[]
}

/**
 * The value of a function and its gradients by the given inputs, at once and apart from any differentiation under way.
 *
 * The engine has one tape. A gradient that is taken inside a forward pass would leave every intermediate on that pass's tape until its end, and one taken
 * inside a backward pass would start the tape afresh: so the tape is put aside meanwhile.
 *
 * @param f differentiable, of tensors
 * @param dy what the gradients are multiplied with: of the shape of f's value
 */
export function valueAndGradients(
  f: (...inputs: tf.Tensor[]) => tf.Tensor,
  inputs: readonly tf.Tensor[],
  dy: tf.Tensor,
): ValueAndGradients {
  const { state } = tf.engine()
  const { activeTape, gradientDepth, kernelDepth } = state
  try {
    Object.assign(state, { gradientDepth: 0, kernelDepth: 0 })
    const { value, grads } = tf.engine().gradients(() => f(...inputs), [...inputs], dy, true)
    return { value, gradients: inputs.map((input, k) => grads[k] ?? tf.zerosLike(input)) }
  } finally {
    Object.assign(state, { activeTape, gradientDepth, kernelDepth })
  }
}

/** Whether a differentiation is under way that could ask for the gradients of what is computed now. */
export function isDifferentiating(): boolean {
  return tf.engine().state.gradientDepth > 0
}
