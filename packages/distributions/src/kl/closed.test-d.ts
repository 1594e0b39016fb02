import type { Distribution } from '../distribution.ts'
import type { Cauchy } from '../families/cauchy.ts'
import type { Laplace } from '../families/laplace.ts'
import type { Normal } from '../families/normal.ts'
import type { NormalScaleMixture } from '../families/normalScaleMixture.ts'
import { closedKl } from './closed.ts'

// Compiled by the typecheck, never run: each line must compile, or fail to where it says so.
export function pairs(
  normal: Normal,
  laplace: Laplace,
  cauchy: Cauchy,
  mixture: NormalScaleMixture,
  any: Distribution,
  either: Normal | Cauchy,
): void {
  closedKl(normal, laplace)
  closedKl(laplace, normal)
  closedKl(cauchy, cauchy)
  closedKl(normal, any)
  closedKl(any, mixture)
  // @ts-expect-error a mixture has no closed form
  closedKl(normal, mixture)
  // @ts-expect-error nor has this pair
  closedKl(normal, cauchy)
  // @ts-expect-error nor one of these two
  closedKl(normal, either)
  // @ts-expect-error p must be a distribution
  closedKl(normal, 1)
}
