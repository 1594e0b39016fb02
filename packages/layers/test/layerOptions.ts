import { Laplace, Normal, NormalScaleMixture, StudentT } from '@tfjs-bayes/distributions'
import type { EstimatorOptions, VariationalOptions } from '../src/index.ts'

/** Every estimator with every road to the KL, and every kind of prior: what a network of any of them must be able to do. */
export interface OptionsCase {
  readonly title: string
  readonly options: VariationalOptions & EstimatorOptions
}

const studentT = new StudentT({ df: 4, mu: 0, scale: 0.5 })
const mixture = new NormalScaleMixture({ weights: [0.5, 0.5], sigmas: [0.1, 1] })

export const optionsCases: readonly OptionsCase[] = [
  { title: 'the local trick', options: { estimator: 'localReparameterization' } },
  { title: 'flipout', options: { estimator: 'flipout' } },
  { title: 'weight sampling, closed KL', options: { estimator: 'weightSampling', kl: 'closed' } },
  { title: 'weight sampling, Monte-Carlo KL', options: { estimator: 'weightSampling', kl: 'monteCarlo' } },
  {
    title: 'the local trick, Monte-Carlo KL to a Student prior',
    options: { estimator: 'localReparameterization', kl: 'monteCarlo', prior: studentT },
  },
  { title: 'flipout, Monte-Carlo KL to a mixture', options: { estimator: 'flipout', kl: 'monteCarlo', prior: mixture } },
  { title: 'quadrature of a Student prior', options: { kl: 'quadrature', prior: studentT, bias: 'deterministic' } },
  { title: 'the upper bound for a mixture', options: { estimator: 'flipout', kl: 'upperBound', prior: mixture } },
  { title: 'a Laplace prior in closed form', options: { kl: 'closed', prior: new Laplace({ mu: 0, scale: 0.5 }) } },
  { title: 'a trainable prior', options: { trainablePrior: true, prior: new Normal({ mu: 0, sigma: 0.5 }) } },
  { title: 'a centred prior', options: { estimator: 'weightSampling', centredPrior: true, trainablePrior: true } },
  { title: 'a deterministic bias', options: { bias: 'deterministic' } },
  { title: 'flipout with a deterministic bias', options: { estimator: 'flipout', bias: 'deterministic' } },
]

/** The local trick with every road to a prior that is not normal, its scale learned: what a step must be able to become one graph of. */
export const learnedPriorCases: readonly OptionsCase[] = [
  {
    title: 'quadrature and a Student prior whose scale is learned',
    options: { kl: 'quadrature', prior: studentT, trainablePrior: true },
  },
  {
    title: 'quadrature and a mixture whose scales are learned',
    options: { kl: 'quadrature', prior: mixture, trainablePrior: true },
  },
  {
    title: 'the upper bound and a mixture whose scales are learned',
    options: { kl: 'upperBound', prior: mixture, trainablePrior: true },
  },
  {
    title: 'Monte Carlo and a mixture whose scales are learned',
    options: { kl: 'monteCarlo', prior: mixture, trainablePrior: true },
  },
  {
    title: 'quadrature and a Laplace prior, centred and learned',
    options: { kl: 'quadrature', prior: new Laplace({ mu: 0, scale: 0.5 }), centredPrior: true, trainablePrior: true },
  },
]
