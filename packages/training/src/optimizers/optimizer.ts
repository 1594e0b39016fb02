import type * as tf from '@tensorflow/tfjs'

/** How gradients move the weights: a choice with its settings, which holds no state. A run starts it on its variables. */
export interface Optimizer {
  readonly name: string
  /** Its parameters, to be written down with a run. */
  readonly settings: Readonly<Record<string, number | boolean>>
  /** @param variables what will be trained, in the order in which `apply` gets their gradients */
  start(variables: readonly tf.Variable[]): OptimizerRun
}

/** An optimizer at work on the variables of a model. All of its memory is in `state`: restored, it goes on with the same bits. */
export interface OptimizerRun {
  /** Variables with stable names; they belong to this run. */
  readonly state: ReadonlyMap<string, tf.Variable>
  /**
   * Moves the variables, within a step that may be compiled: reads nothing back.
   *
   * @param gradients one for each variable; undefined where the loss does not depend on it
   * @param learningRate float32 scalar
   */
  apply(gradients: readonly (tf.Tensor | undefined)[], learningRate: tf.Scalar): void
  dispose(): void
}
