import type * as tf from '@tensorflow/tfjs'

/** What a layer does with its weights: one linear operator, or several after each other. */
export interface Operator {
  readonly name: string
  /** The axis of the input that the kernel mixes: -1 (last) or 1 (channels first). */
  readonly channelAxis: -1 | 1
  /** The number of axes of the input, batch and channels included; undefined: any from 2 on. */
  readonly inputRank?: number
  /** Whether the input holds the indices of rows of the kernel instead of numbers: each stands for a one-hot vector. Default false. */
  readonly takesIndices?: boolean
}

/**
 * What a layer does with a kernel and a bias: a function that is linear in the kernel and adds a bias. It knows nothing of how the weights are drawn.
 *
 * Adding an operator gives it every estimator.
 */
export interface LinearOperator extends Operator {
  /** @returns shape of the kernel for inputs of the given shape (null where unknown) */
  kernelShape(inputShape: readonly (number | null)[]): number[]
  /** @returns shape of the bias for inputs of the given shape */
  biasShape(inputShape: readonly (number | null)[]): number[]
  /** @returns op(x, kernel) + bias; the caller owns it */
  apply(x: tf.Tensor, kernel: tf.Tensor, bias?: tf.Tensor): tf.Tensor
}
