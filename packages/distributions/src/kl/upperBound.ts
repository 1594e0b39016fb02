import * as tf from '@tensorflow/tfjs'
import { Normal } from '../families/normal.ts'
import type { NormalScaleMixture } from '../families/normalScaleMixture.ts'
import { logSumExp } from '../numerics/logSumExp.ts'
import { broadcastShape } from '../parameter.ts'
import { klNormalNormal } from './pairs/normalNormal.ts'

/**
 * An upper bound of KL(q || p) for a normal q and a mixture p, elementwise, in nats: closed, cheap, and an ELBO that it enters stays a bound.
 *
 *     KL(q || sum_k w_k p_k) <= -log sum_k w_k exp(-KL(q || p_k))
 *
 * (Hershey and Olsen, 2007, "Approximating the Kullback Leibler divergence between Gaussian mixture models", section 7, for a single q; by Jensen's
 * inequality.) It is exact for one component, and never more than -log of the weight of the nearest one above KL(q || p_k).
 *
 * @returns shape: the broadcast of both batch shapes; the caller owns it
 * @throws ShapeMismatchError when the batch shapes do not broadcast
 */
export function klUpperBound(q: Normal, p: NormalScaleMixture): tf.Tensor {
  const shape = broadcastShape('KL(normal || normalScaleMixture)', { q: q.batchShape, p: p.batchShape })
  return tf.tidy(() => {
    const terms = p.sigmas.map((sigma, k) => tf.sub(tf.log(p.weights[k]!), klNormalNormal(q, new Normal({ mu: p.mu, sigma }))))
    return tf.broadcastTo(tf.neg(logSumExp(terms)), [...shape])
  })
}
