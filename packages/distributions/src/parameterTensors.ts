import * as tf from '@tensorflow/tfjs'
import { Distribution, type ParameterValue } from './distribution.ts'

/** The tensors among a distribution's parameters, those of lists and of a distribution built upon included, in a fixed order. */
export function tensorsOf(distribution: Distribution): tf.Tensor[] {
  const collect = (value: ParameterValue): tf.Tensor[] => {
    if (typeof value === 'number') return []
    if (value instanceof tf.Tensor) return [value]
    return value instanceof Distribution ? tensorsOf(value) : value.flatMap(collect)
  }
  return Object.values(distribution.parameters).flatMap(collect)
}

/** The same distribution on other tensors, given in the order of {@link tensorsOf}. */
export function withTensors<D extends Distribution>(distribution: D, tensors: readonly tf.Tensor[]): D {
  const left = [...tensors]
  const replace = (value: ParameterValue): ParameterValue => {
    if (typeof value === 'number') return value
    if (value instanceof tf.Tensor) return left.shift()!
    return value instanceof Distribution ? withTensors(value, left.splice(0, tensorsOf(value).length)) : value.map(replace)
  }
  return distribution.withParameters(
    Object.fromEntries(Object.entries(distribution.parameters).map(([name, value]) => [name, replace(value)])),
  )
}
