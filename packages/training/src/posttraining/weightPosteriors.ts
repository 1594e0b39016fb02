import * as tf from '@tensorflow/tfjs'
import { kl, Normal, softplus } from '@tfjs-bayes/distributions'
import { type VariationalLayer, variationalLayers } from '@tfjs-bayes/layers'
import { UnsupportedModelError } from '../errors.ts'

/** The posterior of one weight tensor, read from the device. */
export interface WeightPosteriorValues {
  readonly layer: VariationalLayer
  /** 'kernel', 'bias' or another of the layer's. */
  readonly weight: string
  readonly shape: readonly number[]
  readonly mu: Float32Array
  readonly sigma: Float32Array
  /** KL(posterior || prior) of each weight in nats; tells nothing of one that is removed. */
  readonly kl: Float32Array
}

/**
 * Reads the posterior of every weight that has one, tensor by tensor, in the order of `variationalLayers`.
 *
 * The KL is by formula where there is one, else by quadrature, whatever the layers train with.
 *
 * @throws UnsupportedModelError where there is none
 */
export async function weightPosteriors(model: tf.LayersModel): Promise<WeightPosteriorValues[]> {
  const found: WeightPosteriorValues[] = []
  for (const layer of variationalLayers(model)) {
    for (const weight of layer.weightTensors) {
      const { rho, mu } = weight
      if (rho === undefined) continue
      const tensors = tf.tidy(() => {
        const sigma = softplus(rho.read())
        const posterior = new Normal({ mu: mu.read(), sigma })
        return { mu: mu.read().clone(), sigma, kl: kl(posterior, layer.priorOf(weight)).value }
      })
      try {
        const [means, sigmas, kls] = await Promise.all([tensors.mu.data(), tensors.sigma.data(), tensors.kl.data()])
        found.push({
          layer,
          weight: weight.name,
          shape: mu.shape as number[],
          // Copies: on some backends the numbers are those of the variable itself.
          mu: Float32Array.from(means),
          sigma: Float32Array.from(sigmas),
          kl: Float32Array.from(kls),
        })
      } finally {
        tf.dispose(tensors)
      }
    }
  }
  if (found.length === 0) {
    throw new UnsupportedModelError(
      'The model has no variational layer.',
      'Make it Bayesian first: see toBayesian of @tfjs-bayes/layers.',
    )
  }
  return found
}

/** |mu| / sigma; 0 for a weight that is exactly 0. */
export function signalToNoise(mu: number, sigma: number): number {
  return mu === 0 ? 0 : Math.abs(mu) / sigma
}

/** Whether a weight is certain to be 0: its mean is, and its variance in float32, since layers hold sigma itself a little above. */
export function isRemoved(mu: number, sigma: number): boolean {
  return mu === 0 && Math.fround(sigma * sigma) === 0
}
