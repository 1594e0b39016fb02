import { Cauchy, HalfNormal, Laplace, Normal, NormalScaleMixture, StudentT } from '@tfjs-bayes/distributions'
import { variationalDense } from '../src/index.ts'

variationalDense({ units: 1 })
variationalDense({ units: 1, estimator: 'localReparameterization', kl: 'closed', prior: new Normal({ mu: 0, sigma: 0.1 }) })
variationalDense({ units: 1, estimator: 'weightSampling', kl: 'monteCarlo', activation: 'relu', name: 'hidden' })

variationalDense({ units: 1, kl: 'monteCarlo' })
variationalDense({ units: 1, estimator: 'flipout', kl: 'monteCarlo', prior: new StudentT({ df: 3, mu: 0, scale: 1 }) })
variationalDense({ units: 1, kl: 'closed', prior: new Laplace({ mu: 0, scale: 1 }) })
variationalDense({
  units: 1,
  prior: new Cauchy({ mu: 0, scale: 1 }),
  trainablePrior: true,
  centredPrior: true,
  bias: 'deterministic',
})

variationalDense({ units: 1, kl: 'quadrature', prior: new Cauchy({ mu: 0, scale: 1 }) })
variationalDense({ units: 1, kl: 'upperBound', prior: new NormalScaleMixture({ weights: [0.5, 0.5], sigmas: [0.1, 1] }) })

// @ts-expect-error no formula for KL(normal || cauchy)
variationalDense({ units: 1, kl: 'closed', prior: new Cauchy({ mu: 0, scale: 1 }) })
// @ts-expect-error it is infinite: a normal weight can be negative
variationalDense({ units: 1, kl: 'closed', prior: new HalfNormal({ sigma: 1 }) })
// @ts-expect-error the bound is one for mixtures
variationalDense({ units: 1, kl: 'upperBound', prior: new Laplace({ mu: 0, scale: 1 }) })
// @ts-expect-error and the default prior is none
variationalDense({ units: 1, kl: 'upperBound' })
// @ts-expect-error no such road
variationalDense({ units: 1, kl: 'exact' })
// @ts-expect-error no such bias
variationalDense({ units: 1, bias: 'none' })
// @ts-expect-error no such estimator
variationalDense({ units: 1, estimator: 'dropout' })
// @ts-expect-error the prior takes the place of regularizers
variationalDense({ units: 1, kernelRegularizer: 'l1l2' })
// @ts-expect-error units are needed
variationalDense({})
