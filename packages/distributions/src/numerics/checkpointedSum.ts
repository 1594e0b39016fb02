import * as tf from '@tensorflow/tfjs'
import { lazy } from './lazy.ts'

/** A sum of many similar terms; see {@link checkpointedSum}. */
export interface CheckpointedTerms {
  readonly count: number
  /** Computes what all terms share, without gradient; default nothing. */
  readonly constants?: (inputs: readonly tf.Tensor[]) => tf.Tensor[]
  /** The i-th term, of the same shape for every i: a pure function of `inputs` and `constants`, in ordinary differentiable ops. */
  readonly term: (i: number, inputs: readonly tf.Tensor[], constants: readonly tf.Tensor[]) => tf.Tensor
}

/**
 * term(0) + ... + term(count - 1), in the memory of a single term, forwards and backwards.
 *
 * On the gradient tape every intermediate of every term would stay alive until the backward pass: gigabytes for 32 quadrature nodes over a million
 * weights. Here nothing is kept but the inputs; the backward pass computes each term again, with its gradient.
 *
 * @param inputs what the terms depend on and gradients flow to
 * @returns the sum; the caller owns it
 */
export function checkpointedSum(inputs: readonly tf.Tensor[], terms: CheckpointedTerms): tf.Tensor {
  const { count, term } = terms
  const indices = Array.from({ length: count }, (_, i) => i)
  const compute = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const save = args.pop() as tf.GradSaveFunc
    const constants = terms.constants?.(inputs) ?? []
    const value = accumulate(indices.map((i) => () => [term(i, inputs, constants)]))[0]!
    save([...inputs, ...constants])
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor[] => {
      const [given, fixed] = [saved.slice(0, inputs.length), saved.slice(inputs.length)]
      const gradients = lazy(() => accumulate(indices.map((i) => () => gradientsOf(() => term(i, given, fixed), given, dy))))
      return given.map((_, k) => gradients()[k]!)
    }
    return { value, gradFunc }
  })
  return compute(...inputs)
}

/** Adds up lists of tensors, with one list and the sums alive at a time. */
function accumulate(lists: readonly (() => tf.Tensor[])[]): tf.Tensor[] {
  let sums: tf.Tensor[] = []
  for (const next of lists) {
    const before = sums
    sums = tf.tidy(() => {
      const terms = next()
      return before.length === 0 ? terms : terms.map((each, k) => tf.add(each, before[k]!))
    })
    tf.dispose(before)
  }
  return sums
}

/**
 * The gradients of a function inside a backward pass, zero where it does not depend on an input.
 *
 * The engine has one tape, and a new gradient computation outside a forward pass starts it afresh: the tape of the pass under way is put aside.
 */
function gradientsOf(f: () => tf.Tensor, inputs: tf.Tensor[], dy: tf.Tensor): tf.Tensor[] {
  const { state } = tf.engine()
  const outer = state.activeTape
  try {
    const { grads } = tf.engine().gradients(f, inputs, dy, true)
    return inputs.map((input, k) => grads[k] ?? tf.zerosLike(input))
  } finally {
    state.activeTape = outer
  }
}
