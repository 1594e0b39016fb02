import type * as tf from '@tensorflow/tfjs'
import type { Distribution } from '../distribution.ts'
import type { Cauchy } from '../families/cauchy.ts'
import type { Laplace } from '../families/laplace.ts'
import type { Normal } from '../families/normal.ts'
import type { NormalScaleMixture } from '../families/normalScaleMixture.ts'
import { kl } from './kl.ts'

// Compiled by the typecheck, never run: each line must compile, or fail to where it says so.
export function roads(
  normal: Normal,
  laplace: Laplace,
  cauchy: Cauchy,
  mixture: NormalScaleMixture,
  any: Distribution,
  samples: tf.Tensor,
): void {
  kl(normal, laplace, { method: 'closed' })
  kl(normal, any, { method: 'closed' })
  kl(normal, mixture, { method: 'quadrature', nodes: 16, error: true })
  kl(normal, mixture, { method: 'upperBound' })
  kl(cauchy, laplace, { method: 'monteCarlo', samples, gradient: 'stickTheLanding' })
  kl(cauchy, laplace)
  kl(cauchy, laplace, { samples })
  // @ts-expect-error no formula for a mixture
  kl(normal, mixture, { method: 'closed' })
  // @ts-expect-error quadrature is under a normal q
  kl(cauchy, laplace, { method: 'quadrature' })
  // @ts-expect-error the bound is for mixtures
  kl(normal, laplace, { method: 'upperBound' })
  // @ts-expect-error Monte Carlo needs samples
  kl(normal, laplace, { method: 'monteCarlo' })
}
