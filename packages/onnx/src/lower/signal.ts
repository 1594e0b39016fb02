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
}
