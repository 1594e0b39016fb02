import type { Estimator } from './estimator.ts'

/**
 * Flipout (Wen et al., 2018, "Flipout: efficient pseudo-independent weight perturbations on mini-batches", equation 4):
 *
 *     y = op(x, mu) + mu_b + s * (op(x * r, sigma * eps_w) + sigma_b * eps_b), r and s random signs, one for each row and channel
 *
 * One draw of the perturbation serves the batch, and the signs turn it into one for each row that is uncorrelated with those of the others. It costs
 * two products like the local trick, and unlike it keeps what the positions of a convolution have in common; a draw is not a draw of one function.
 */
export const flipout: Estimator & { readonly drawsWeights: false } = {
  drawsWeights: false,
  obstacle: ({ takesIndices }) => (takesIndices ? 'flipout turns its inputs by signs, and indices have none' : undefined),
  preActivation: ({ operator, x, kernel, bias, signs }) => {
    const mean = operator.apply(x, kernel.mu, bias?.mu)
    const perturbation = [kernel, bias].map((weight) => weight?.sigma.mul(weight.noise()))
    const { channelAxis } = operator
    const flipped = x.mul(signs('inputSigns', rowAndChannel(x.shape, channelAxis)))
    const turned = operator.apply(flipped, perturbation[0]!, perturbation[1])
    return mean.add(turned.mul(signs('outputSigns', rowAndChannel(mean.shape, channelAxis))))
  },
}

/** The shape with 1 for every axis but rows and channels: a sign holds for all positions, as the weights do. */
function rowAndChannel(shape: readonly number[], channelAxis: number): number[] {
  const channels = (channelAxis + shape.length) % shape.length
  return shape.map((size, axis) => (axis === 0 || axis === channels ? size : 1))
}
