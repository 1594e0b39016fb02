import * as tf from '@tensorflow/tfjs'
import { ForwardPass, type Mode, seededNoise } from '@tfjs-bayes/layers'

/** Sums over the draws of one chunk, for one batch of rows. */
export type PredictiveDraws = {
  /** log sum over draws of the probabilities, [rows, classes]. */
  readonly logProbabilitySum: tf.Tensor
  /** Sum over draws of the entropies in nats, [rows]. */
  readonly entropySum: tf.Tensor
}

/**
 * Makes the pure function (x, counter) -> sums over `draws` draws of the model, whose draw i uses the noise of counter + i.
 *
 * Log-probabilities are added in log space: a class that is improbable under every draw keeps its logarithm where its probability underflows.
 */
export function predictiveDraws({
  model,
  draws,
  mode,
  seed,
}: {
  readonly model: tf.LayersModel
  readonly draws: number
  readonly mode: Mode
  readonly seed: number
}): (x: tf.Tensor, counter: tf.Scalar) => PredictiveDraws {
  return (x, counter) =>
    tf.tidy(() => {
      const each: tf.Tensor[] = []
      for (let draw = 0; draw < draws; draw++) {
        const noise = seededNoise(seed, tf.add(counter, tf.scalar(draw, 'int32')) as tf.Scalar)
        const pass = new ForwardPass(mode === 'sample' ? { mode, noise } : { mode })
        each.push(tf.logSoftmax(model.apply(x, { training: false, pass }) as tf.Tensor))
      }
      const logProbabilities = tf.stack(each)
      const entropies = tf.neg(tf.sum(tf.mul(tf.exp(logProbabilities), logProbabilities), -1))
      return { logProbabilitySum: tf.logSumExp(logProbabilities, 0), entropySum: tf.sum(entropies, 0) }
    })
}
