import * as tf from '@tensorflow/tfjs'
import { InvalidArgumentError } from '../errors.ts'

/** What a step may return: a tensor, an array or a record of tensors, or nothing. */
// biome-ignore lint/suspicious/noConfusingVoidType: a step without a return statement has the return type void.
export type StepResult = tf.Tensor | readonly tf.Tensor[] | { readonly [name: string]: tf.Tensor } | void

/** A step's result taken apart. */
export interface ResultParts {
  readonly tensors: readonly tf.Tensor[]
  /** Equal for results of equal form. */
  readonly form: string
  /** Puts other tensors into the same form. */
  readonly restore: (tensors: readonly tf.Tensor[]) => StepResult
}

/** Takes a result apart, or returns undefined where it is none of what a step may return. */
export function takeApart(result: unknown): ResultParts | undefined {
  if (result == null) return { tensors: [], form: 'nothing', restore: () => undefined }
  if (result instanceof tf.Tensor) return { tensors: [result], form: 'a tensor', restore: (tensors) => tensors[0]! }
  if (Array.isArray(result)) {
    if (!result.every((entry) => entry instanceof tf.Tensor)) return undefined
    return { tensors: result, form: `an array of ${result.length}`, restore: (tensors) => [...tensors] }
  }
  if (typeof result !== 'object') return undefined
  const names = Object.keys(result)
  const tensors = Object.values(result)
  if (!tensors.every((entry) => entry instanceof tf.Tensor)) return undefined
  return {
    tensors,
    form: `a record of ${names.map((name) => JSON.stringify(name)).join(', ')}`,
    restore: (others) => Object.fromEntries(names.map((name, index) => [name, others[index]!])),
  }
}

/**
 * Runs a step eagerly in a scope of its own: what it makes and does not return is freed.
 *
 * A tensor passed twice is two arguments, for gradients too, as it is in a graph. A variable that the step returns is copied, so that the
 * caller may dispose what it got.
 *
 * @throws InvalidArgumentError where the step is asynchronous: its scope would end before it does
 */
export function runEagerly<R extends StepResult>(step: (...args: tf.Tensor[]) => R, args: readonly tf.Tensor[]): R {
  return tf.tidy(() => {
    const result = step(...args.map((arg, index) => (args.indexOf(arg) < index ? arg.clone() : arg)))
    if (result instanceof Promise) {
      result.catch(() => undefined) // what it stumbles over, now that its tensors are gone
      throw new InvalidArgumentError(
        'A compiled step is synchronous; this one returned a promise. Do what has to be waited for before or after it.',
      )
    }
    const parts = takeApart(result)
    const own = parts?.tensors.some((tensor) => tensor instanceof tf.Variable)
      ? parts.restore(parts.tensors.map((tensor) => (tensor instanceof tf.Variable ? tensor.clone() : tensor)))
      : result
    return own as tf.TensorContainer
  }) as R
}
