import * as tf from '@tensorflow/tfjs'
import type { Parameter } from '../parameter.ts'
import { elementwise } from './elementwise.ts'

/**
 * A constant where a condition holds and 0 elsewhere, to be added to a result: the condition leaves no trace on the gradient tape.
 *
 * @param inputs what the condition is about
 * @param condition gives a boolean tensor
 * @param value default Infinity
 */
export function infiniteWhere<const Inputs extends readonly Parameter[]>(
  inputs: Inputs,
  condition: (inputs: Inputs) => tf.Tensor,
  value: number = Number.POSITIVE_INFINITY,
): tf.Tensor {
  const choose = (given: Inputs): tf.Tensor => {
    const holds = condition(given)
    return tf.where(holds, tf.fill(holds.shape, value), tf.zeros(holds.shape))
  }
  if (inputs.every((input) => typeof input === 'number')) return tf.tidy(() => choose(inputs))
  return elementwise(inputs, { value: choose, derivatives: () => inputs.map(() => () => 0) })
}
