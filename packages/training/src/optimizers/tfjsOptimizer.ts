import type * as tf from '@tensorflow/tfjs'
import type { OptimizerRun } from './optimizer.ts'

/** Lets an optimizer of tfjs do the work; it keeps its own learning rate and state, and stays the caller's. */
export function tfjsOptimizer(optimizer: tf.Optimizer, variables: readonly tf.Variable[]): OptimizerRun {
  return {
    state: new Map(),
    apply(gradients) {
      const named = variables.flatMap((variable, i): [string, tf.Tensor][] =>
        gradients[i] ? [[variable.name, gradients[i]]] : [],
      )
      optimizer.applyGradients(Object.fromEntries(named))
    },
    dispose: () => {},
  }
}
