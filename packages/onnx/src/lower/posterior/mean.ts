import type { Signal } from '../signal.ts'
import type { PosteriorCall } from './posteriorLowering.ts'

/** The layer with the posterior's means for weights: y = op(x, mu) + mu_b. */
export function mean({ input, operator: { arrange }, apply, store, moments: { kernel, bias } }: PosteriorCall): Signal {
  const meanOfKernel = store('kernel_mean', () => arrange(kernel.mean))
  return apply(input, meanOfKernel, bias == null ? undefined : store('bias_mean', () => bias.mean))
}
