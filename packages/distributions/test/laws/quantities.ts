import type * as tf from '@tensorflow/tfjs'
import { UndefinedQuantityError } from '../../src/index.ts'

export const elementwise = ['logProb', 'cdf', 'logCdf', 'logSurvival', 'quantile'] as const
export const summaries = ['mean', 'mode', 'variance', 'entropy'] as const

/** The result of a method, or undefined where the family says that it has none. */
export function attempt(f: () => tf.Tensor): tf.Tensor | undefined {
  try {
    return f()
  } catch (error) {
    if (error instanceof UndefinedQuantityError) return undefined
    throw error
  }
}
