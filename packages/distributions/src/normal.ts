import * as tf from '@tensorflow/tfjs'
import { Distribution } from './distribution.ts'
import type { Parameter } from './parameter.ts'
import { broadcastParameter, broadcastShape, checkPositive, checkReal, parameterShape } from './parameter.ts'

const HALF_LOG_TWO_PI = 0.5 * Math.log(2 * Math.PI)

/**
 * The normal distribution N(mu, sigma^2), one per element of the broadcast parameters.
 *
 *     log p(x) = -((x - mu) / sigma)^2 / 2 - log sigma - log(2 pi) / 2
 */
export class Normal extends Distribution {
  readonly family = 'normal'
  readonly noiseKind = 'normal'
  readonly batchShape: readonly number[]
  readonly mu: Parameter
  readonly sigma: Parameter

  /**
   * @param parameters.mu mean, real
   * @param parameters.sigma standard deviation, > 0 (not the variance)
   * @throws InvalidParameterError for a number outside its range (tensors are not read)
   * @throws ShapeMismatchError when the parameters' shapes do not broadcast
   */
  constructor({ mu, sigma }: { readonly mu: Parameter; readonly sigma: Parameter }) {
    super()
    checkReal('Normal', 'mu', mu)
    checkPositive('Normal', 'sigma', sigma)
    this.batchShape = broadcastShape('Normal', { mu: parameterShape(mu), sigma: parameterShape(sigma) })
    this.mu = mu
    this.sigma = sigma
  }

  get parameters(): { readonly mu: Parameter; readonly sigma: Parameter } {
    return { mu: this.mu, sigma: this.sigma }
  }

  logProb(x: tf.Tensor): tf.Tensor {
    broadcastShape('Normal.logProb', { x: x.shape, batch: this.batchShape })
    return tf.tidy(() => {
      const z = tf.div(tf.sub(x, this.mu), this.sigma)
      return tf.sub(tf.mul(tf.square(z), -0.5), this.logNormalizer())
    })
  }

  /** mu + sigma * noise: reparameterized, so gradients reach mu and sigma through the draw. */
  sample(noise: tf.Tensor): tf.Tensor {
    broadcastShape('Normal.sample', { noise: noise.shape, batch: this.batchShape })
    return tf.tidy(() => tf.add(this.mu, tf.mul(this.sigma, noise)))
  }

  mean(): tf.Tensor {
    return broadcastParameter(this.mu, this.batchShape)
  }

  variance(): tf.Tensor {
    return tf.tidy(() => broadcastParameter(squareOf(this.sigma), this.batchShape))
  }

  /** log sigma + log(2 pi e) / 2. */
  entropy(): tf.Tensor {
    return tf.tidy(() => {
      const normalizer = this.logNormalizer()
      return broadcastParameter(typeof normalizer === 'number' ? normalizer + 0.5 : tf.add(normalizer, 0.5), this.batchShape)
    })
  }

  /** log sigma + log(2 pi) / 2. */
  private logNormalizer(): Parameter {
    const { sigma } = this
    return typeof sigma === 'number' ? Math.log(sigma) + HALF_LOG_TWO_PI : tf.add(tf.log(sigma), HALF_LOG_TWO_PI)
  }
}

function squareOf(parameter: Parameter): Parameter {
  return typeof parameter === 'number' ? parameter * parameter : tf.square(parameter)
}
