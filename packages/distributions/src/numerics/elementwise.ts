import * as tf from '@tensorflow/tfjs'
import type { Parameter } from '../parameter.ts'

/** An elementwise function with derivatives of its own; see {@link elementwise}. */
export interface ElementwiseRule<Inputs extends readonly Parameter[]> {
  /** Computes the value; what the derivatives need besides the inputs goes through `save`. Runs outside the gradient tape. */
  readonly value: (inputs: Inputs, save: (...tensors: tf.Tensor[]) => void) => tf.Tensor
  /** The partial derivative by each input, in their order; only those that are asked for are computed. */
  readonly derivatives: (inputs: Inputs, saved: readonly tf.Tensor[]) => readonly (() => Parameter)[]
}

/**
 * Evaluates an elementwise function of broadcasting inputs with hand-written derivatives.
 *
 * tfjs would differentiate the formula op by op: more passes over the data, and derivatives that cancel or overflow where the function
 * does not. Inputs that are numbers cost nothing: no derivative is formed for them.
 *
 * @param inputs numbers or tensors, at least one tensor
 * @param rule value and derivatives
 * @returns the value, of the broadcast shape; the caller owns it
 */
export function elementwise<const Inputs extends readonly Parameter[]>(inputs: Inputs, rule: ElementwiseRule<Inputs>): tf.Tensor {
  const isTensor = inputs.map((input) => typeof input !== 'number')
  const tensors = inputs.filter((input): input is tf.Tensor => typeof input !== 'number')
  const compute = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const save = args.pop() as tf.GradSaveFunc
    const extra: tf.Tensor[] = []
    const value = rule.value(inputs, (...more) => {
      extra.push(...more)
    })
    // Saved rather than captured: a tidy of the caller may dispose of the inputs before the backward pass.
    save([...tensors, ...extra])
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor[] => {
      let next = 0
      const restored = inputs.map((input) => (typeof input === 'number' ? input : saved[next++]!)) as unknown as Inputs
      const derivatives = rule.derivatives(restored, saved.slice(tensors.length))
      return derivatives.filter((_, i) => isTensor[i]).map((derivative, k) => sumTo(tf.mul(dy, derivative()), tensors[k]!.shape))
    }
    return { value, gradFunc }
  })
  return compute(...tensors)
}

/** Adjoint of broadcasting: sums over the axes along which a tensor of the given shape was repeated. */
export function sumTo(x: tf.Tensor, shape: readonly number[]): tf.Tensor {
  const axes = tf.backend_util.getReductionAxes([...shape], x.shape)
  return tf.reshape(axes.length > 0 ? tf.sum(x, axes) : x, [...shape])
}
