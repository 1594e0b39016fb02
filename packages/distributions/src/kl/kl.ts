import * as tf from '@tensorflow/tfjs'
import type { Distribution } from '../distribution.ts'
import { NoKlMethodError } from '../errors.ts'
import { Independent } from '../families/independent.ts'
import { Normal } from '../families/normal.ts'
import { NormalScaleMixture } from '../families/normalScaleMixture.ts'
import { closedKl, hasClosedKl } from './closed.ts'
import type { WithClosedKl } from './closedKlTable.ts'
import { estimateKl, type MonteCarloKlOptions } from './monteCarlo.ts'
import { type QuadratureOptions, quadratureKl, secondRule } from './quadrature.ts'
import { klUpperBound } from './upperBound.ts'

/** The roads to a KL divergence. */
export type KlMethod = 'closed' | 'quadrature' | 'upperBound' | 'monteCarlo'

/** A KL divergence and the road by which it was found. The caller owns the tensors. (A type, not an interface: tf.tidy takes it as a result.) */
export type KlResult = {
  readonly method: KlMethod
  /** Of the broadcast of both batch shapes, in nats. */
  readonly value: tf.Tensor
  /** `monteCarlo`: the standard error. `quadrature`, when asked for: the distance to a rule with a quarter fewer nodes. Without gradient. */
  readonly error?: tf.Tensor
}

/** Samples of q, [S, ...batch, ...event] with S >= 2, and the gradient wanted. */
export interface MonteCarloOptions extends MonteCarloKlOptions {
  readonly samples: tf.Tensor
}

/** Nodes of the rule, and whether to compare it with a second one. */
export interface QuadratureKlOptions extends QuadratureOptions {
  /** Whether to give an estimate of the error, at three quarters of the cost again. Default false. */
  readonly error?: boolean
}

/** One of the roads, or none: then the best that there is. */
export type KlOptions =
  | { readonly method: 'closed' }
  | ({ readonly method: 'quadrature' } & QuadratureKlOptions)
  | { readonly method: 'upperBound' }
  | ({ readonly method: 'monteCarlo' } & MonteCarloOptions)
  | ({ readonly method?: never } & QuadratureKlOptions & Partial<MonteCarloOptions>)

/**
 * KL(q || p) in nats, elementwise over the batch and summed over the event, by the road asked for.
 *
 * - `closed`: by formula; a pair without one is a compile error where the types tell the families. See {@link closedKl}.
 * - `quadrature`: a normal q and any univariate p. See {@link quadratureKl}.
 * - `upperBound`: a normal q and a mixture p; a bound, not the divergence. See {@link klUpperBound}.
 * - `monteCarlo`: on samples that the caller hands in. See {@link estimateKl}.
 * - no method: `closed` if there is a formula, else `quadrature` if q is normal and p univariate, else `monteCarlo` if samples are given; the result
 *   says which. A bound is never chosen for you.
 *
 * Independent distributions are taken apart for `quadrature` and `upperBound` and summed over their event.
 *
 * @throws NoClosedFormError for `closed` without a formula
 * @throws NoKlMethodError where the road does not exist for the pair, or none does
 * @throws ShapeMismatchError when shapes do not broadcast
 */
export function kl<Q extends Distribution, P extends Distribution>(
  q: Q,
  p: P & WithClosedKl<Q, P>,
  options: { readonly method: 'closed' },
): KlResult
export function kl(
  q: Normal | Independent<Normal>,
  p: Distribution,
  options: { readonly method: 'quadrature' } & QuadratureKlOptions,
): KlResult
export function kl(
  q: Normal | Independent<Normal>,
  p: NormalScaleMixture | Independent<NormalScaleMixture>,
  options: { readonly method: 'upperBound' },
): KlResult
export function kl(q: Distribution, p: Distribution, options: { readonly method: 'monteCarlo' } & MonteCarloOptions): KlResult
export function kl(
  q: Distribution,
  p: Distribution,
  options?: { readonly method?: never } & QuadratureKlOptions & Partial<MonteCarloOptions>,
): KlResult
export function kl(q: Distribution, p: Distribution, options: KlOptions = {}): KlResult {
  return klBy(options.method ?? bestMethod(q, p, options), q, p, options)
}

/** The general form of {@link kl}, with the method apart from its options. */
export function klBy(method: KlMethod, q: Distribution, p: Distribution, options: KlOptions): KlResult {
  switch (method) {
    case 'closed':
      return { method, value: closedKl(q, p) }
    case 'monteCarlo': {
      const { samples, gradient } = options as MonteCarloOptions
      const { value, standardError } = estimateKl(q, p, samples, gradient ? { gradient } : {})
      return { method, value, error: standardError }
    }
    case 'quadrature':
      return byQuadrature(q, p, options as QuadratureKlOptions)
    case 'upperBound':
      return { method, value: memberwise(q, p, bound) }
    default:
      throw new NoKlMethodError(
        `kl: method is ${JSON.stringify(method)}; expected 'closed', 'quadrature', 'upperBound' or 'monteCarlo', or none for the best that there is.`,
      )
  }
}

/** The road that {@link kl} takes where none is asked for. */
export function bestMethod(q: Distribution, p: Distribution, options: { readonly samples?: tf.Tensor } = {}): KlMethod {
  if (hasClosedKl(q, p)) return 'closed'
  const [qMember, pMember] = members(q, p)
  if (qMember instanceof Normal && pMember.eventShape.length === 0) return 'quadrature'
  if (options.samples) return 'monteCarlo'
  throw new NoKlMethodError(
    `KL(${q.family} || ${p.family}) has no closed form, and quadrature needs a normal q and a univariate p. Give samples of q: kl(q, p, { method: 'monteCarlo', samples }).`,
  )
}

function byQuadrature(q: Distribution, p: Distribution, options: QuadratureKlOptions): KlResult {
  const { nodes, error = false } = options
  const by = (count: number | undefined): tf.Tensor => memberwise(q, p, (a, b) => quadrature(a, b, count))
  const value = by(nodes)
  if (!error) return { method: 'quadrature', value }
  return { method: 'quadrature', value, error: tf.tidy(() => tf.abs(tf.sub(value, by(secondRule(nodes))))) }
}

function quadrature(q: Distribution, p: Distribution, nodes: number | undefined): tf.Tensor {
  if (q instanceof Normal && p.eventShape.length === 0) return quadratureKl(q, p, nodes == null ? {} : { nodes })
  throw new NoKlMethodError(
    `KL(${q.family} || ${p.family}) by 'quadrature' needs a normal q and a univariate p. Use 'closed' or 'monteCarlo'.`,
  )
}

function bound(q: Distribution, p: Distribution): tf.Tensor {
  if (q instanceof Normal && p instanceof NormalScaleMixture) return klUpperBound(q, p)
  throw new NoKlMethodError(
    `KL(${q.family} || ${p.family}) by 'upperBound' needs a normal q and a normalScaleMixture p. Use another method.`,
  )
}

/** A divergence of the members of independent distributions, summed over the event; of the distributions themselves otherwise. */
function memberwise(q: Distribution, p: Distribution, divergence: (q: Distribution, p: Distribution) => tf.Tensor): tf.Tensor {
  const [qMember, pMember] = members(q, p)
  return tf.tidy(() => (q instanceof Independent && qMember !== q ? q.overEvent(divergence(qMember, pMember)) : divergence(q, p)))
}

function members(q: Distribution, p: Distribution): readonly [Distribution, Distribution] {
  const alike = q instanceof Independent && p instanceof Independent && String(q.eventShape) === String(p.eventShape)
  return alike ? [q.base, p.base] : [q, p]
}
