import * as tf from '@tensorflow/tfjs'
import type { Distribution, Parameter, ParameterValue } from '@tfjs-bayes/distributions'

/** What the families of distributions call their scales. */
const SCALES = ['sigma', 'scale', 'sigmas'] as const
/** What they call their centre. */
const CENTRE = 'mu'

/** Whether a prior has a parameter that is its scale (all of a mixture's count as one). */
export function hasScale(prior: Distribution): boolean {
  return SCALES.some((name) => name in prior.parameters)
}

/** Whether a prior has a parameter that is its centre. */
export function hasCentre(prior: Distribution): boolean {
  return CENTRE in prior.parameters
}

/** The prior stretched about its centre: every scale times the factor. */
export function stretched(prior: Distribution, factor: tf.Tensor): Distribution {
  const scale = (value: ParameterValue): ParameterValue =>
    Array.isArray(value) ? value.map(scale) : tf.mul(value as Parameter, factor)
  return replaced(prior, SCALES, scale)
}

/** The prior moved: its centre plus the offset. */
export function moved(prior: Distribution, offset: tf.Tensor): Distribution {
  return replaced(prior, [CENTRE], (value) => tf.add(value as Parameter, offset))
}

function replaced(
  prior: Distribution,
  names: readonly string[],
  replace: (value: ParameterValue) => ParameterValue,
): Distribution {
  const entries = Object.entries(prior.parameters).map(
    ([name, value]) => [name, names.includes(name) ? replace(value) : value] as const,
  )
  return prior.withParameters(Object.fromEntries(entries))
}
