import * as tf from '@tensorflow/tfjs'
import type { Constraint } from './constraint.ts'
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

/** Refuses a number outside its range, and anything that is neither a number nor a tensor; tensors are not read. */
export function checkParameter(
  family: string,
  name: string,
  parameter: unknown,
  constraint: Constraint,
): asserts parameter is Parameter {
  if (parameter instanceof tf.Tensor || (typeof parameter === 'number' && constraint.holds(parameter))) return
  const got = typeof parameter === 'number' ? parameter : JSON.stringify(parameter)
  throw new InvalidParameterError(
    `${family}: ${name} is ${got}; expected ${constraint.expected}${typeof parameter === 'number' ? '' : ', or a tensor of them'}.`,
  )
}

/** Reads a parameter and refuses the first value outside its range, naming its index. */
export function checkValues(family: string, name: string, parameter: Parameter, constraint: Constraint): void {
  if (typeof parameter === 'number') {
    checkParameter(family, name, parameter, constraint)
    return
  }
  const wrong = parameter.dataSync().findIndex((value) => !constraint.holds(value))
  if (wrong < 0) return
  const value = parameter.dataSync()[wrong]
  throw new InvalidParameterError(
    `${family}: ${name}[${indexOf(wrong, parameter.shape)}] is ${value}; expected ${constraint.expected}.`,
  )
}

/** The index of an element, given its place in row-major order. */
export function indexOf(flat: number, shape: readonly number[]): number[] {
  const index: number[] = []
  for (let axis = shape.length - 1, rest = flat; axis >= 0; axis--) {
    index.unshift(rest % shape[axis]!)
    rest = Math.floor(rest / shape[axis]!)
  }
  return index
}
