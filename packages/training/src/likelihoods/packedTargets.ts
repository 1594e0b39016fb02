import type * as tf from '@tensorflow/tfjs'
import type { Likelihood } from './likelihood.ts'

/** A likelihood whose targets are one tensor of several parts, and what makes that tensor of them. */
export interface PackedTargets<Parts extends readonly unknown[]> {
  readonly likelihood: Likelihood
  /**
   * @param parts of one shape (but for the rows) and type at each call
   * @returns a new tensor that the caller owns
   */
  pack(...parts: Parts): tf.Tensor
}
