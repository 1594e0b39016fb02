import type { Signal } from '../signal.ts'
import type { PosteriorCall } from './posteriorLowering.ts'

/** The layer with the posterior's means for weights: y = op(x, mu) + mu_b. */
export function mean({ input, apply, kernel, bias }: PosteriorCall): Signal {
  return { value: apply(input.value, kernel('mean'), bias('mean')), samples: input.samples }
}
