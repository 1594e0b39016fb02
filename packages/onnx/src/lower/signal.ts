import type { Value } from '../ir/value.ts'

/**
 * A tensor between layers and where its draws are:
 *
 * - `none`: [batch, ...], no draw was made before it;
 * - `axis`: [samples, batch, ...];
 * - `folded`: [samples * batch, ...].
 */
export interface Signal {
  readonly value: Value
  readonly samples: 'none' | 'axis' | 'folded'
  /** In mode `moments`, behind a Bayesian layer: `value` is the mean, and this the variance, of the same shape. */
  readonly variance?: Value
  /** Whether that variance is known to be at least `SMALLEST_VARIANCE`; default false. */
  readonly isPositive?: boolean
}
