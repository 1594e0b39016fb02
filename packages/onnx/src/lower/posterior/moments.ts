import type { Signal } from '../signal.ts'
import { squaredWeight } from '../weights.ts'
import type { PosteriorCall } from './posteriorLowering.ts'

/**
 * Mean and variance of the pre-activations, weights and inputs taken for independent (and the elements of both among each other):
 *
 *     m = op(mean, mu) + mu_b
 *     v = op(mean^2 + variance, sigma^2) + op(variance, mu^2) + sigma_b^2
 */
export function moments({ input, moments: { kernel, bias }, operator, store, apply, tape }: PosteriorCall): Signal {
  const meanOfKernel = store('kernel_mean', () => operator.arrange(kernel.mean))
  const varianceOfKernel = store('kernel_variance', () => operator.arrange(kernel.variance))
  const mean = tape.scope('mean', () =>
    apply(input, meanOfKernel, bias == null ? undefined : store('bias_mean', () => bias.mean)),
  )
  const { value, variance } = input
  const squared = operator.takesIndices ? value : tape.op('Mul', [value, value], {}, 'squared')
  const secondMoment = variance == null ? squared : tape.op('Add', [squared, variance], {}, 'second_moment')
  const fromWeights = tape.scope('variance', () =>
    apply(
      { value: secondMoment, samples: 'none' },
      varianceOfKernel,
      bias == null ? undefined : store('bias_variance', () => bias.variance),
    ),
  )
  if (variance == null) return { ...mean, variance: fromWeights.value }
  const meanSquared = store('kernel_mean_squared', () => operator.arrange(squaredWeight(kernel.mean)))
  const fromInputs = tape.scope('variance', () => apply({ value: variance, samples: 'none' }, meanSquared, undefined))
  return { ...mean, variance: tape.op('Add', [fromWeights.value, fromInputs.value], {}, 'variance') }
}
