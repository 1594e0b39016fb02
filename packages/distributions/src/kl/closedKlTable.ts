import type { Distribution } from '../distribution.ts'

type OnTheLine = 'normal' | 'laplace' | 'studentT' | 'cauchy' | 'logistic' | 'normalScaleMixture'
type OnTheHalfLine = 'logNormal' | 'halfNormal' | 'halfCauchy'

/** Pairs whose divergence has a formula. */
export type FormulaPair =
  | `${'normal' | 'laplace' | 'studentT' | 'logistic' | 'uniform' | 'logNormal' | 'halfNormal'} || normal`
  | `${'normal' | 'laplace' | 'studentT' | 'logistic' | 'uniform' | 'logNormal' | 'halfNormal'} || laplace`
  | `${'cauchy' | 'uniform'} || ${'cauchy' | 'studentT'}`
  | `${OnTheHalfLine | 'uniform'} || logNormal`
  | `${'halfNormal' | 'logNormal' | 'uniform'} || halfNormal`
  | `${'halfCauchy' | 'uniform'} || halfCauchy`
  | 'uniform || uniform'
  | `${'bernoulli' | 'categorical'} || ${'bernoulli' | 'categorical'}`
  | `${'poisson' | 'bernoulli' | 'categorical'} || poisson`
  | `${'multivariateNormal' | 'independent'} || ${'multivariateNormal' | 'independent'}`

/** Pairs whose divergence is infinite whatever the parameters: q has mass where p has none, or tails that p's logarithm is not integrable over. */
export type InfinitePair =
  | `${OnTheLine} || ${OnTheHalfLine | 'uniform'}`
  | `${OnTheHalfLine} || uniform`
  | `cauchy || ${'normal' | 'laplace' | 'logistic' | 'normalScaleMixture'}`
  | `halfCauchy || ${'normal' | 'laplace' | 'logistic' | 'normalScaleMixture' | 'halfNormal'}`
  | `poisson || ${'bernoulli' | 'categorical'}`

/**
 * The pairs of families, "q || p", that closedKl knows, for the compiler.
 *
 * A pair of yours is declared by adding to this interface, and made known at run time by registerClosedKl:
 *
 *     declare module '@tfjs-bayes/distributions' {
 *       interface ClosedKlTable { 'mine || normal': true }
 *     }
 */
export interface ClosedKlTable extends Record<FormulaPair | InfinitePair, true> {}

/**
 * What p must be for KL(q || p) to be asked in closed form: anything, if the table has the pair or the types do not tell the families; an impossible
 * type that names the problem otherwise.
 */
export type WithClosedKl<Q extends Distribution, P extends Distribution> = string extends Q['family'] | P['family']
  ? unknown
  : [`${Q['family']} || ${P['family']}`] extends [keyof ClosedKlTable]
    ? unknown
    : {
        readonly noClosedForm: `KL(${Q['family']} || ${P['family']}) has no closed form; use the method 'quadrature' or 'monteCarlo'`
      }
