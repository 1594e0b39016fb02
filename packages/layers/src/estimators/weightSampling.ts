import type { Estimator } from './estimator.ts'

/**
 * Bayes by Backprop (Blundell et al., 2015, "Weight uncertainty in neural networks", section 3.2):
 *
 *     y = op(x, mu + sigma * eps_w) + (mu_b + sigma_b * eps_b)
 *
 * One draw of the weights serves the whole batch: a draw of the function, and the cheapest step, but all rows share its noise, so the variance of
 * the gradient does not fall with the batch size.
 */
export const weightSampling: Estimator & { readonly drawsWeights: true } = {
  drawsWeights: true,
  preActivation: ({ operator, x, kernel, bias }) => operator.apply(x, kernel.draw(), bias?.draw()),
}
