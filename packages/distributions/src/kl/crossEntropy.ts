import * as tf from '@tensorflow/tfjs'
import type { Distribution } from '../distribution.ts'
import { bestMethod, type KlOptions, type KlResult, klBy, type MonteCarloOptions } from './kl.ts'
import { meanOverSamples } from './monteCarlo.ts'

/**
 * The cross entropy -E[log p(x)], x ~ q, in nats: KL(q || p) + H(q), by the roads of kl.
 *
 * By `monteCarlo` it is the mean of -log p over the samples, which needs no entropy of q.
 *
 * @param options as kl takes them
 * @returns value, road and error; the caller owns the tensors
 * @throws what kl throws, and UndefinedQuantityError where q's entropy has no formula (use samples)
 */
export function crossEntropy(q: Distribution, p: Distribution, options: KlOptions = {}): KlResult {
  const method = options.method ?? bestMethod(q, p, options as { samples?: tf.Tensor })
  if (method === 'monteCarlo') return onSamples(p, (options as MonteCarloOptions).samples)
  const divergence = klBy(method, q, p, options)
  try {
    const value = tf.tidy(() => tf.add(divergence.value, q.entropy()))
    return { ...divergence, value }
  } finally {
    divergence.value.dispose()
  }
}

function onSamples(p: Distribution, samples: tf.Tensor | undefined): KlResult {
  const { value, standardError } = meanOverSamples(samples, (given) => tf.neg(p.logProb(given)))
  return { method: 'monteCarlo', value, error: standardError }
}
