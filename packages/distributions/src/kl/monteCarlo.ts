import * as tf from '@tensorflow/tfjs'
import type { Distribution } from '../distribution.ts'
import { InvalidParameterError } from '../errors.ts'
import { detached } from '../numerics/detached.ts'
import { tensorsOf, withTensors } from '../parameterTensors.ts'

/**
 * The gradient of a Monte-Carlo KL by q's parameters: `total`, through the samples and through q's density, or `stickTheLanding`, through the samples
 * alone. Both have the same expectation; the second has variance 0 where q equals p (Roeder, Wu and Duvenaud, 2017, "Sticking the landing").
 *
 * Both are gradients of the divergence only through reparameterized samples: of a q that is discrete the value is right, and the gradient by its parameters is not
 * that of the divergence.
 */
export type KlGradient = 'total' | 'stickTheLanding'

/** Options of {@link monteCarloKl}. */
export interface MonteCarloKlOptions {
  /** Default `total`. `stickTheLanding` needs samples that are reparameterized, so that gradients flow through them. */
  readonly gradient?: KlGradient
}

/** A mean over samples with its standard error. (A type, not an interface: tf.tidy takes it as a result.) */
export type MonteCarloEstimate = {
  readonly value: tf.Tensor
  /** Sample standard deviation over the root of the number of samples; without gradient. */
  readonly standardError: tf.Tensor
}

/**
 * The one-sample estimate log q(w) - log p(w) of KL(q || p), elementwise, in nats, on samples that the caller hands in.
 *
 * Its expectation over samples from q is the KL; a single value can be negative. Given the samples that also made the prediction
 * (reparameterized), the two share their random numbers.
 *
 * @param samples draws of q, any shape that broadcasts with both batch shapes, e.g. [S, ...batch]
 * @returns shape: the broadcast of samples and batch shapes; nothing is averaged or summed
 * @throws InvalidParameterError for an unknown gradient, and for `stickTheLanding` with a q whose samples are not reparameterized
 */
export function monteCarloKl(q: Distribution, p: Distribution, samples: tf.Tensor, options: MonteCarloKlOptions = {}): tf.Tensor {
  const { gradient = 'total' } = options
  if (gradient !== 'total' && gradient !== 'stickTheLanding') {
    throw new InvalidParameterError(
      `monteCarloKl: gradient is ${JSON.stringify(gradient)}; expected 'total' or 'stickTheLanding'.`,
    )
  }
  if (gradient === 'stickTheLanding' && !q.reparameterized) {
    throw new InvalidParameterError(
      `monteCarloKl: gradient is 'stickTheLanding', but no gradient reaches the parameters of ${q.family} through its samples; expected a reparameterized q. Use 'closed', or take the value alone.`,
    )
  }
  return tf.tidy(() => {
    const density = gradient === 'total' ? q : withTensors(q, tensorsOf(q).map(detached))
    return tf.sub(density.logProb(samples), p.logProb(samples))
  })
}

/**
 * The Monte-Carlo estimate of KL(q || p), in nats, with its standard error.
 *
 * @param samples draws of q, [S, ...batch, ...event] with S >= 2
 * @returns the mean over the first axis of {@link monteCarloKl}, and its standard error; the caller owns both
 * @throws InvalidParameterError for fewer than two samples
 */
export function estimateKl(
  q: Distribution,
  p: Distribution,
  samples: tf.Tensor,
  options: MonteCarloKlOptions = {},
): MonteCarloEstimate {
  return meanOverSamples(samples, (given) => monteCarloKl(q, p, given, options))
}

/**
 * The mean of a quantity over the first axis of samples, with its standard error.
 *
 * @throws InvalidParameterError for fewer than two samples
 */
export function meanOverSamples(samples: tf.Tensor | undefined, quantity: (samples: tf.Tensor) => tf.Tensor): MonteCarloEstimate {
  const count = samples?.shape[0] ?? 0
  if (samples == null || count < 2) {
    throw new InvalidParameterError(
      `Monte-Carlo: got samples ${samples && `of shape [${samples.shape}]`}; expected draws of q, [S, ...] with S >= 2, to have a standard error.`,
    )
  }
  const compute = (): { value: tf.Tensor; standardError: tf.Tensor } => {
    const values = quantity(samples)
    const constant = detached(values)
    const squares = tf.sum(tf.square(tf.sub(constant, tf.mean(constant, 0))), 0)
    return { value: tf.mean(values, 0), standardError: tf.sqrt(tf.div(squares, count * (count - 1))) }
  }
  return tf.tidy(compute)
}
