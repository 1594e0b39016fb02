import type { Signal } from '../signal.ts'
import type { PosteriorCall } from './posteriorLowering.ts'

/** The layer with the posterior's means for weights: y = op(x, mu) + mu_b. */
export function mean({ input, operator, kernel, bias, tape, store }: PosteriorCall): Signal {
  const meanOfBias = bias == null ? undefined : store('bias_mean', bias.mean)
  return { value: operator.apply(tape, input.value, store('kernel_mean', kernel.mean), meanOfBias), samples: input.samples }
}
