import * as tf from '@tensorflow/tfjs'
import { Normal } from '@tfjs-bayes/distributions'
import { variationalDense } from '@tfjs-bayes/layers'
import { CLASSES, type Contestant, INITIAL_SIGMA, PRIOR_SIGMA } from './contestants.ts'
import { IMAGE_PIXELS } from './mnist/idx.ts'

/**
 * Builds 784-hidden-hidden-10 with ReLU in between and logits at the end.
 *
 * The seed decides the initial (mean) weights, so that all contestants start from the same ones.
 *
 * @param contestant which estimator, or none
 * @param hidden units of each hidden layer
 * @param seed int32
 */
export function buildModel(
  contestant: Contestant,
  { hidden, seed }: { readonly hidden: number; readonly seed: number },
): tf.Sequential {
  const { estimation } = contestant
  const layers = [hidden, hidden, CLASSES].map((units, i) => {
    // An int32 a layer, so that no two layers start alike.
    const layerSeed = (seed + Math.imul(i, 0x9e3779b9)) | 0
    const common = {
      name: `dense_${i + 1}`,
      units,
      ...(i === 0 ? { inputShape: [IMAGE_PIXELS] } : {}),
      ...(i < 2 ? { activation: 'relu' as const } : {}),
      kernelInitializer: tf.initializers.heNormal({ seed: layerSeed }),
    }
    if (estimation === null) return tf.layers.dense(common)
    return variationalDense({
      ...common,
      ...estimation,
      seed: layerSeed,
      prior: new Normal({ mu: 0, sigma: PRIOR_SIGMA }),
      initialSigma: INITIAL_SIGMA,
    })
  })
  return tf.sequential({ name: contestant.name.replaceAll('-', '_'), layers })
}
