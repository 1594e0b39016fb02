/** The continuous families with references in fixtures/, one file each: densities and distribution functions far into the tails. */
export const continuousFamilies: readonly string[] = [
  'normal',
  'laplace',
  'logistic',
  'cauchy',
  'studentT',
  'uniform',
  'logNormal',
  'halfNormal',
  'halfCauchy',
  'normalScaleMixture',
]

/** All families with references in fixtures/. */
export const referenceFamilies: readonly string[] = [
  ...continuousFamilies,
  'bernoulli',
  'poisson',
  'categorical',
  'multivariateNormal',
]
