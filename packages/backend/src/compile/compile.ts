import type * as tf from '@tensorflow/tfjs'
import type { CompileOptions, StepGraphInfo } from './stepGraphInfo.ts'
import type { StepResult } from './stepResult.ts'
import { StepRunner } from './stepRunner.ts'

/** A step that runs as one TensorFlow graph where it can. */
export interface CompiledStep<A extends readonly tf.Tensor[], R extends StepResult> {
  (...args: A): R
  readonly graph: StepGraphInfo
  /** Frees sessions and captured tensors; the step cannot be called afterwards. */
  dispose(): void
}

/**
 * Compiles a training step to one TensorFlow graph: what `tf.function` is to Python.
 *
 * The first call runs as usual, the second and the third are recorded and compared, from the fourth on forward pass, backward pass and
 * optimizer are one call into TensorFlow, with the same numbers. There is one graph per combination of argument shapes. Where a step cannot be a graph it
 * stays what it was, and `graph.reason` says why; every call is exactly one step, whichever way it runs.
 *
 * What changes from call to call must be an argument (data, a learning rate, the counter of `statelessNormal`) or live in a `tf.Variable`
 * (layers' weights, the slots of tfjs's optimizers), which is found and updated by itself. Each call is a `tf.tidy` of its own.
 *
 * @param step takes tensors; returns a tensor, an array or a record of tensors, or nothing; synchronous
 * @param options checks, the number of graphs and where messages go
 * @returns a function of the same type; its results belong to the caller
 * @throws InvalidArgumentError at a call with something that is no tensor, a variable or a disposed tensor, or where the step is asynchronous
 * @throws CompiledStepError at a call in which TensorFlow fails; no variable was changed
 * @throws StaleGraphError at a call that finds, with `check: 'strict'`, that the graph no longer does what the function does
 */
export function compile<A extends readonly tf.Tensor[], R extends StepResult>(
  step: (...args: A) => R,
  options: CompileOptions = {},
): CompiledStep<A, R> {
  const runner = new StepRunner<R>(step as unknown as (...args: tf.Tensor[]) => R, options)
  const compiled = (...args: A): R => runner.call(args)
  return Object.assign(compiled, { graph: runner, dispose: () => runner.dispose() })
}
