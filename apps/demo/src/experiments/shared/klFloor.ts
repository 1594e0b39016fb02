import * as tf from '@tensorflow/tfjs'
import { kl, Normal, NormalScaleMixture } from '@tfjs-bayes/distributions'
import type { BayesianChoice } from './network.ts'
import { priorOf } from './priorChoice.ts'

/** Standard deviations that are tried, from SMALLEST on, each larger by RATIO: KL is flat at its least, so that the error is that of the ratio squared. */
const SMALLEST = 1e-3
const RATIO = 1.01
const TRIED = 800

/**
 * What a weight that knows nothing costs: the least KL of a normal posterior to its prior, by the road to the KL that the network takes.
 *
 * It is 0 for a normal prior. To every other one a normal posterior keeps a distance whatever it learns, and a million weights make nats per example of it.
 *
 * @returns nats a weight
 */
export function klFloor({ prior, kl: road }: Pick<BayesianChoice, 'prior' | 'kl'>): number {
  return tf.tidy(() => {
    const sigma = tf.tensor1d(Float32Array.from({ length: TRIED }, (_, i) => SMALLEST * RATIO ** i))
    const posteriors = new Normal({ mu: tf.zerosLike(sigma), sigma })
    const p = priorOf(prior)
    const { value } =
      p instanceof NormalScaleMixture && road === 'upperBound' ? kl(posteriors, p, { method: road }) : kl(posteriors, p)
    return value.min().dataSync()[0]!
  })
}
