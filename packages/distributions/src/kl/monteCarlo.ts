import * as tf from '@tensorflow/tfjs'
import type { Distribution } from '../distribution.ts'

/**
 * The one-sample estimate log q(w) - log p(w) of KL(q || p), elementwise, in nats, on samples that the caller hands in.
 *
 * Its expectation over samples from q is the KL; a single value can be negative. Given the samples that also made the prediction
 * (reparameterized), the gradient is the total derivative, through the samples and through q's parameters.
 *
 * @param samples draws of q, any shape that broadcasts with both batch shapes, e.g. [S, ...batch]
 * @returns shape: the broadcast of samples and batch shapes; nothing is averaged or summed
 */
export function monteCarloKl(q: Distribution, p: Distribution, samples: tf.Tensor): tf.Tensor {
  return tf.tidy(() => tf.sub(q.logProb(samples), p.logProb(samples)))
}
