import { Normal } from '@tfjs-bayes/distributions'
import { variationalDense } from '../src/index.ts'

variationalDense({ units: 1 })
variationalDense({ units: 1, estimator: 'localReparameterization', kl: 'closed', prior: new Normal({ mu: 0, sigma: 0.1 }) })
variationalDense({ units: 1, estimator: 'weightSampling', kl: 'monteCarlo', activation: 'relu', name: 'hidden' })

// @ts-expect-error the local trick never draws the weights: no Monte-Carlo KL
variationalDense({ units: 1, estimator: 'localReparameterization', kl: 'monteCarlo' })
// @ts-expect-error nor does the default estimator, which is the local trick
variationalDense({ units: 1, kl: 'monteCarlo' })
// @ts-expect-error flipout gives each row weights of its own
variationalDense({ units: 1, estimator: 'flipout', kl: 'monteCarlo' })
// @ts-expect-error no such estimator
variationalDense({ units: 1, estimator: 'dropout' })
// @ts-expect-error the prior takes the place of regularizers
variationalDense({ units: 1, kernelRegularizer: 'l1l2' })
// @ts-expect-error units are needed
variationalDense({})
