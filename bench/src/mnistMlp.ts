import * as tf from '@tensorflow/tfjs'
import { Normal } from '@tfjs-bayes/distributions'
import { variationalDense } from '@tfjs-bayes/layers'

/** The estimators and the plain network that the benches compare; the same names as the peers use. */
export const cases = ['localReparameterization', 'weightSampling', 'weightSamplingMonteCarlo', 'deterministic'] as const
export type Case = (typeof cases)[number] | 'flipout'

/** The network of the demo: 784-H-H-10, ReLU, prior N(0, 0.1^2), sigma = softplus(-4) at the start. */
export function mnistMlp(name: Case, hidden: number): tf.LayersModel {
  const layer = (units: number, index: number): tf.layers.Layer => {
    const common = {
      units,
      kernelInitializer: tf.initializers.heNormal({ seed: index }),
      ...(index === 0 ? { inputShape: [784] } : {}),
      ...(units === 10 ? {} : { activation: 'relu' as const }),
    }
    if (name === 'deterministic') return tf.layers.dense(common)
    const bayesian = { ...common, prior: new Normal({ mu: 0, sigma: 0.1 }), initialSigma: Math.log1p(Math.exp(-4)), seed: index }
    if (name === 'weightSamplingMonteCarlo')
      return variationalDense({ ...bayesian, estimator: 'weightSampling', kl: 'monteCarlo' })
    return variationalDense({ ...bayesian, estimator: name, kl: 'closed' })
  }
  return tf.sequential({ layers: [hidden, hidden, 10].map(layer) })
}
