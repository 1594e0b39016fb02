import { SMALLEST_VARIANCE } from '../moments/gaussianMoments.ts'
import type { Signal } from '../signal.ts'
import type { Moments, WeightData } from '../weights.ts'
import type { PosteriorCall } from './posteriorLowering.ts'

/**
 * Mean and variance of the pre-activations, weights and inputs taken for independent (and the elements of both among each other):
 *
 *     m = op(mean, mu) + mu_b
 *     v = op(mean^2, sigma^2) + op(variance, mu^2 + sigma^2) + sigma_b^2
 *
 * With a bias v is at least `SMALLEST_VARIANCE`, which then nobody has to see to in the graph.
 */
export function moments({ input, moments: { kernel, bias }, operator, store, apply, tape }: PosteriorCall): Signal {
  const meanOfKernel = store('kernel_mean', () => operator.arrange(kernel.mean))
  const varianceOfKernel = store('kernel_variance', () => operator.arrange(kernel.variance))
  const mean = tape.scope('mean', () =>
    apply(input, meanOfKernel, bias == null ? undefined : store('bias_mean', () => bias.mean)),
  )
  const { value, variance } = input
  const squared = operator.takesIndices ? value : tape.op('Mul', [value, value], {}, 'squared')
  const fromWeights = tape.scope('variance', () =>
    apply(
      { value: squared, samples: 'none' },
      varianceOfKernel,
      bias == null ? undefined : store('bias_variance', () => atLeast(SMALLEST_VARIANCE, bias.variance)),
    ),
  )
  const isPositive = bias != null
  if (variance == null) return { ...mean, variance: fromWeights.value, isPositive }
  const secondMoment = store('kernel_second_moment', () => operator.arrange(secondMomentOf(kernel)))
  const fromInputs = tape.scope('variance', () => apply({ value: variance, samples: 'none' }, secondMoment, undefined))
  return { ...mean, variance: tape.op('Add', [fromWeights.value, fromInputs.value], {}, 'variance'), isPositive }
}

function atLeast(least: number, { data, shape }: WeightData): WeightData {
  return { data: data.map((value) => Math.max(value, least)), shape }
}

function secondMomentOf({ mean, variance }: Moments): WeightData {
  const [first, second] = [mean.data, variance.data]
  const data = new Float32Array(first.length)
  // A plain loop: `map` takes several times as long.
  for (let i = 0; i < data.length; i++) data[i] = first[i]! * first[i]! + second[i]!
  return { data, shape: mean.shape }
}
