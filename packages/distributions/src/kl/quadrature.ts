import * as tf from '@tensorflow/tfjs'
import type { Distribution } from '../distribution.ts'
import { InvalidParameterError } from '../errors.ts'
import { Normal } from '../families/normal.ts'
import { NormalScaleMixture } from '../families/normalScaleMixture.ts'
import { broadcastShape } from '../parameter.ts'
import { featureRule } from '../quadrature/featureRule.ts'
import { gaussHermite } from '../quadrature/gaussHermite.ts'
import { type GaussianRule, gaussianExpectation } from '../quadrature/gaussianExpectation.ts'
import { bump, bumpRule, widestFirst } from '../quadrature/mixtureRule.ts'
import { klNormalNormal } from './pairs/normalNormal.ts'

/** Options of {@link quadratureKl}. */
export interface QuadratureOptions {
  /** Nodes on each panel: a bump of a mixture, one side of a feature, all of q otherwise. From 4 on; default 32. */
  readonly nodes?: number
}

/** The number of nodes of the second rule, whose distance from the first estimates the error. */
export function secondRule(nodes = 32): number {
  return Math.max(4, Math.round(0.75 * nodes))
}

/**
 * KL(q || p) of a normal q and any univariate p, elementwise, in nats, by quadrature: deterministic, differentiable by the parameters of both (once), in
 * the memory of one node, or of a few for small tensors.
 *
 * - p a {@link NormalScaleMixture}: closed for its widest component, Gauss-Legendre nodes where q meets the bump of each narrower one.
 * - p with a `feature` (StudentT, Cauchy, Logistic, Laplace): nodes dense at its centre, on its scale.
 * - any other p: Gauss-Hermite nodes of q; exact for a log p that is a polynomial up to degree 2 nodes - 1, poor for one that changes within a
 *   small part of q's width.
 *
 * @returns shape: the broadcast of both batch shapes; the caller owns it
 * @throws ShapeMismatchError when the batch shapes do not broadcast
 */
export function quadratureKl(q: Normal, p: Distribution, options: QuadratureOptions = {}): tf.Tensor {
  const { nodes = 32 } = options
  if (!Number.isInteger(nodes) || nodes < 4) {
    throw new InvalidParameterError(`quadratureKl: nodes is ${nodes}; expected an integer from 4 on.`)
  }
  const shape = broadcastShape(`KL(normal || ${p.family})`, { q: q.batchShape, p: p.batchShape })
  return tf.tidy(() =>
    tf.broadcastTo(p instanceof NormalScaleMixture ? mixtureKl(q, p, nodes) : generalKl(q, p, nodes), [...shape]),
  )
}

function generalKl(q: Normal, p: Distribution, nodes: number): tf.Tensor {
  const rule: GaussianRule<Distribution> = p.feature ? featureRule(nodes) : hermiteRule(nodes)
  const meanLog = gaussianExpectation(q, p, rule, (x, each) => each.logProb(x))
  return tf.neg(tf.add(q.entropy(), meanLog))
}

function hermiteRule(nodes: number): GaussianRule<Distribution> {
  const { nodes: z, weights } = gaussHermite(nodes)
  return { count: nodes, nodes: (of) => ({ z: of(z), weight: of(weights) }) }
}

/** KL(q || N_1) - log w_1 - sum of the expected bumps. */
function mixtureKl(q: Normal, p: NormalScaleMixture, nodes: number): tf.Tensor {
  const sorted = widestFirst(p)
  const widest = new Normal({ mu: sorted.mu, sigma: sorted.sigmas[0]! })
  let kl: tf.Tensor = tf.sub(klNormalNormal(q, widest), tf.log(sorted.weights[0]!))
  for (let k = 1; k < sorted.sigmas.length; k++) {
    kl = tf.sub(
      kl,
      gaussianExpectation(q, sorted, bumpRule(nodes, k), (x, each) => bump(x, each, k)),
    )
  }
  return kl
}
