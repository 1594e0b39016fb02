import * as tf from '@tensorflow/tfjs'
import type { Distribution } from '../distribution.ts'
import { NoClosedFormError } from '../errors.ts'
import { Independent } from '../families/independent.ts'
import type { MultivariateNormal } from '../families/multivariateNormal.ts'
import type { Normal } from '../families/normal.ts'
import { broadcastShape } from '../parameter.ts'
import type { ClosedKlTable, FormulaPair, WithClosedKl } from './closedKlTable.ts'
import { INFINITE_PAIRS } from './infinitePairs.ts'
import {
  klCauchyCauchy,
  klCauchyStudentT,
  klHalfCauchyHalfCauchy,
  klUniformCauchy,
  klUniformHalfCauchy,
  klUniformStudentT,
} from './pairs/cauchyTarget.ts'
import {
  klBernoulliBernoulli,
  klBernoulliCategorical,
  klBernoulliPoisson,
  klCategoricalBernoulli,
  klCategoricalCategorical,
  klCategoricalPoisson,
  klPoissonPoisson,
} from './pairs/discrete.ts'
import { klToHalfNormal, klToNormal } from './pairs/gaussianTarget.ts'
import { overEvent } from './pairs/independentIndependent.ts'
import {
  klHalfNormalLaplace,
  klLaplaceLaplace,
  klLogisticLaplace,
  klLogNormalLaplace,
  klNormalLaplace,
  klStudentTLaplace,
  klUniformLaplace,
} from './pairs/laplaceTarget.ts'
import {
  klHalfCauchyLogNormal,
  klHalfNormalHalfNormal,
  klHalfNormalLogNormal,
  klLogNormalLogNormal,
  klUniformLogNormal,
} from './pairs/logNormalTarget.ts'
import { asMultivariateNormal, isMultivariateNormal, klMultivariateNormal } from './pairs/multivariateNormal.ts'
import { klNormalNormal } from './pairs/normalNormal.ts'
import { klUniformHalfNormal, klUniformUniform } from './pairs/uniformUniform.ts'

/** A formula for the divergence of one pair of families, elementwise over the broadcast of their batch shapes. */
export type ClosedKlFormula = (q: never, p: never) => tf.Tensor

const FORMULAS: Readonly<Record<FormulaPair, ClosedKlFormula>> = {
  'normal || normal': klNormalNormal,
  'laplace || normal': klToNormal,
  'studentT || normal': klToNormal,
  'logistic || normal': klToNormal,
  'uniform || normal': klToNormal,
  'logNormal || normal': klToNormal,
  'halfNormal || normal': klToNormal,
  'normal || laplace': klNormalLaplace,
  'laplace || laplace': klLaplaceLaplace,
  'studentT || laplace': klStudentTLaplace,
  'logistic || laplace': klLogisticLaplace,
  'uniform || laplace': klUniformLaplace,
  'logNormal || laplace': klLogNormalLaplace,
  'halfNormal || laplace': klHalfNormalLaplace,
  'cauchy || cauchy': klCauchyCauchy,
  'cauchy || studentT': klCauchyStudentT,
  'uniform || cauchy': klUniformCauchy,
  'uniform || studentT': klUniformStudentT,
  'logNormal || logNormal': klLogNormalLogNormal,
  'halfNormal || logNormal': klHalfNormalLogNormal,
  'halfCauchy || logNormal': klHalfCauchyLogNormal,
  'uniform || logNormal': klUniformLogNormal,
  'halfNormal || halfNormal': klHalfNormalHalfNormal,
  'logNormal || halfNormal': klToHalfNormal,
  'uniform || halfNormal': klUniformHalfNormal,
  'halfCauchy || halfCauchy': klHalfCauchyHalfCauchy,
  'uniform || halfCauchy': klUniformHalfCauchy,
  'uniform || uniform': klUniformUniform,
  'bernoulli || bernoulli': klBernoulliBernoulli,
  'categorical || categorical': klCategoricalCategorical,
  'bernoulli || categorical': klBernoulliCategorical,
  'categorical || bernoulli': klCategoricalBernoulli,
  'poisson || poisson': klPoissonPoisson,
  'bernoulli || poisson': klBernoulliPoisson,
  'categorical || poisson': klCategoricalPoisson,
  'independent || independent': (q: Independent, p: Independent) =>
    overEvent(q, p, () => closedKl(q.base as Distribution, p.base as Distribution)),
  'multivariateNormal || multivariateNormal': klMultivariateNormal,
  'multivariateNormal || independent': klAsMultivariateNormal,
  'independent || multivariateNormal': klAsMultivariateNormal,
}

const registered = new Map<string, ClosedKlFormula>()

/**
 * KL(q || p) by the formula for the pair of families, elementwise, in nats.
 *
 * A pair without a formula is a compile error where the types tell the families. Infinity is a result like any other: of a Normal q and a Uniform p, say.
 *
 * @returns shape: the broadcast of both batch shapes; the caller owns it
 * @throws NoClosedFormError when the pair has no formula
 * @throws ShapeMismatchError when the batch shapes do not broadcast
 */
export function closedKl<Q extends Distribution, P extends Distribution>(q: Q, p: P & WithClosedKl<Q, P>): tf.Tensor {
  const formula = formulaFor(q, p)
  if (formula == null) {
    throw new NoClosedFormError(
      `KL(${q.family} || ${p.family}) has no closed form. Use kl's method 'quadrature' (a normal q), 'upperBound' (a mixture p) or 'monteCarlo' (samples of q: monteCarloKl).`,
    )
  }
  const shape = broadcastShape(`KL(${q.family} || ${p.family})`, { q: q.batchShape, p: p.batchShape })
  return tf.tidy(() => tf.broadcastTo(formula(q as never, p as never), [...shape]))
}

/** Whether {@link closedKl} has a formula for this pair. */
export function hasClosedKl(q: Distribution, p: Distribution): boolean {
  return formulaFor(q, p) != null
}

/**
 * Makes a formula for a pair of families known to {@link closedKl} and kl, in place of any before. Declare the pair in {@link ClosedKlTable} too, for the compiler.
 *
 * @param q family of q
 * @param p family of p
 * @param formula gives the divergence elementwise, of the broadcast of the batch shapes
 */
export function registerClosedKl(q: string, p: string, formula: ClosedKlFormula): void {
  registered.set(`${q} || ${p}`, formula)
}

/** Every pair that {@link closedKl} knows, "q || p", and whether its divergence is always infinite. */
export function closedKlPairs(): ReadonlyMap<string, 'formula' | 'infinite'> {
  return new Map([
    ...Object.keys(INFINITE_PAIRS).map((pair) => [pair, 'infinite'] as const),
    ...[...Object.keys(FORMULAS), ...registered.keys()].map((pair) => [pair, 'formula'] as const),
  ])
}

function formulaFor(q: Distribution, p: Distribution): ClosedKlFormula | undefined {
  const pair = `${q.family} || ${p.family}` as keyof ClosedKlTable
  const formula = registered.get(pair) ?? (FORMULAS as Partial<Record<string, ClosedKlFormula>>)[pair]
  if (formula != null) return appliesTo(q, p) ? formula : undefined
  return Object.hasOwn(INFINITE_PAIRS, pair) ? () => tf.scalar(Number.POSITIVE_INFINITY) : undefined
}

/** Whether a formula for independent distributions covers what they are made of. */
function appliesTo(q: Distribution, p: Distribution): boolean {
  if (q instanceof Independent && p instanceof Independent) return hasClosedKl(q.base, p.base)
  if (q instanceof Independent || p instanceof Independent) return isMultivariateNormal(q) && isMultivariateNormal(p)
  return true
}

function klAsMultivariateNormal(
  q: MultivariateNormal | Independent<Normal>,
  p: MultivariateNormal | Independent<Normal>,
): tf.Tensor {
  return klMultivariateNormal(asMultivariateNormal(q), asMultivariateNormal(p))
}
