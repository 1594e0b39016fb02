import * as tf from '@tensorflow/tfjs'
import { statelessNormal } from '../../src/random/statelessNormal.ts'

/** A small noisy regression by Adam, always from the same weights. */
export interface Task {
  readonly step: (x: tf.Tensor, counter: tf.Tensor) => tf.Scalar
  readonly variables: readonly tf.Variable[]
  readonly optimizer: tf.AdamOptimizer
  dispose(): void
}

/** `spoil` may change the prediction, for steps that are to go wrong. */
export function task(spoil: (prediction: tf.Tensor) => tf.Tensor = (prediction) => prediction): Task {
  const variable = (shape: number[], key: number) => tf.tidy(() => tf.variable(statelessNormal(shape, key, 0).mul(0.5)))
  const variables = [variable([4, 8], 1), variable([8, 1], 2)] as const
  const optimizer = tf.train.adam(0.02)
  const step = (x: tf.Tensor, counter: tf.Tensor) =>
    optimizer.minimize(
      () =>
        tf.tidy(() => {
          const hidden = x.matMul(variables[0]).tanh()
          const noisy = hidden.add(statelessNormal(hidden.shape, 3, counter as tf.Scalar).mul(0.1))
          return spoil(noisy.matMul(variables[1])).squaredDifference(x.sum(1, true)).mean() as tf.Scalar
        }),
      true,
      [...variables],
    ) as tf.Scalar
  return {
    step,
    variables,
    optimizer,
    dispose: () => {
      optimizer.dispose()
      tf.dispose([...variables])
    },
  }
}

/** The arguments of the n-th call; the caller owns them. */
export function batch(call: number, rows = 6): [tf.Tensor, tf.Tensor] {
  return [statelessNormal([rows, 4], 4, call), tf.scalar(call, 'int32')]
}

/** Runs a step on the n-th batch and reads its loss. */
export function lossOf(step: Task['step'], call: number, rows?: number): number {
  return tf.tidy(() => step(...batch(call, rows)).dataSync()[0]!)
}

/** The bits of all variables. */
export function valuesOf({ variables }: Pick<Task, 'variables'>): Float32Array[] {
  return variables.map((variable) => variable.dataSync() as Float32Array)
}
