import type * as tf from '@tensorflow/tfjs'
import { type Several, several } from '../data/several.ts'
import { outputNames } from '../model/severalTensors.ts'
import type { Likelihood } from './likelihood.ts'

/**
 * One likelihood for each output of a model, in its order.
 *
 * @throws InvalidOptionError, or UnsupportedModelError where an output is not what its likelihood takes
 */
export function likelihoodsOf(model: tf.LayersModel, given: Several<Likelihood>): readonly Likelihood[] {
  const each = several(
    'likelihood',
    given,
    outputNames(model),
    isLikelihood,
    'a likelihood, say categorical() or gaussian({ sigma })',
  )
  return each.map(({ value }, output) => {
    value.checkModel?.(model, output)
    return value
  })
}

const isLikelihood = (value: unknown): value is Likelihood =>
  typeof value === 'object' && value !== null && 'logLikelihood' in value && typeof value.logLikelihood === 'function'
