import * as tf from '@tensorflow/tfjs'
import { InvalidParameterError, ShapeMismatchError } from './errors.ts'

/**
 * A parameter of a distribution.
 *
 * A number is checked when the distribution is made. A tensor stays the caller's: it is neither copied, read nor disposed of, so it may
 * be a variable, or an intermediate result of a step that is being differentiated or traced.
 */
export type Parameter = number | tf.Tensor

/** The shape of a parameter: `[]` for a number. */
export function parameterShape(parameter: Parameter): readonly number[] {
  return typeof parameter === 'number' ? [] : parameter.shape
}

/** The shape to which all the given shapes broadcast; throws ShapeMismatchError naming `context` and the shapes. */
export function broadcastShape(context: string, shapes: Readonly<Record<string, readonly number[]>>): readonly number[] {
  let result: number[] = []
  for (const shape of Object.values(shapes)) {
    const rank = Math.max(result.length, shape.length)
    const joined: number[] = []
    for (let fromRight = 1; fromRight <= rank; fromRight++) {
      const left = result.at(-fromRight) ?? 1
      const right = fromRight > shape.length ? 1 : shape.at(-fromRight)!
      if (left !== right && left !== 1 && right !== 1) {
        const given = Object.entries(shapes).map(([name, each]) => `${name} [${each}]`)
        throw new ShapeMismatchError(
          `${context}: shapes do not broadcast: ${given.join(', ')}. Sizes must be equal, or 1, counted from the right.`,
        )
      }
      joined.unshift(left === 1 ? right : left)
    }
    result = joined
  }
  return result
}

/** A fresh tensor holding the parameter, broadcast to a shape. */
export function broadcastParameter(parameter: Parameter, shape: readonly number[]): tf.Tensor {
  if (typeof parameter === 'number') return tf.fill([...shape], parameter)
  return tf.broadcastTo(parameter, [...shape])
}

/** Refuses a number that is not finite. */
export function checkReal(family: string, name: string, parameter: Parameter): void {
  if (typeof parameter !== 'number' || Number.isFinite(parameter)) return
  throw new InvalidParameterError(`${family}: ${name} is ${parameter}; expected a finite number.`)
}

/** Refuses a number that is not positive and finite. */
export function checkPositive(family: string, name: string, parameter: Parameter): void {
  if (typeof parameter !== 'number' || (parameter > 0 && Number.isFinite(parameter))) return
  throw new InvalidParameterError(
    `${family}: ${name} is ${parameter}; expected a finite number > 0. An unconstrained parameter becomes positive through softplus.`,
  )
}
