import { safeSqrt } from '@tfjs-bayes/distributions'
import type { Estimator } from './estimator.ts'

/**
 * The local reparameterization trick (Kingma, Salimans and Welling, 2015, "Variational dropout and the local reparameterization trick", equation 6):
 *
 *     m = op(x, mu) + mu_b
 *     v = op(x^2, sigma^2) + sigma_b^2
 *     y = m + sqrt(v) * eps, one eps for each element of the output
 *
 * The weights are never drawn; their pre-activations are, one row independently of the next, so the variance of the gradient falls as one over the
 * batch size. Each element's distribution is exact; what rows (and, in a convolution, positions) have in common through shared weights is ignored,
 * so a draw is not a draw of one function. Where v is 0 (a row of zeros without a bias) the gradient is 0, not infinite.
 */
export const localReparameterization: Estimator & { readonly drawsWeights: false } = {
  drawsWeights: false,
  takesVariance: true,
  preActivation: ({ operator, x, kernel, bias, once, noise }) => {
    const mean = once('mean', () => operator.apply(x, kernel.mu, bias?.mu))
    const deviation = once('deviation', () => {
      // A one-hot vector is its own square.
      const squares = operator.takesIndices ? x : x.square()
      return safeSqrt(operator.apply(squares, kernel.variance(), bias?.variance()))
    })
    return mean.add(deviation.mul(noise('preActivation', mean.shape)))
  },
}
