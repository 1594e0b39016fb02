import * as tf from '@tensorflow/tfjs'
import { type NoiseSource, seededNoise, variationalLayers } from '@tfjs-bayes/layers'
import { InvalidOptionError } from '../errors.ts'

/**
 * How the noise of one draw goes with that of others and of other rows. Each row's prediction has the same expectation whichever is taken.
 *
 * - 'independent': nothing in common.
 * - 'antithetic': the second draw of each pair has the first one's noise with its sign turned.
 * - 'shared': one number a unit, the same for all rows; far fewer random numbers, but rows are correlated.
 * - 'momentMatched': shared, and the S numbers of each unit are shifted and scaled to mean 0 and variance 1.
 *
 * The last two need `localReparameterization` in every Bayesian layer, whose noise belongs to rows.
 */
export type DrawNoise = 'independent' | 'antithetic' | 'shared' | 'momentMatched'

const KINDS: readonly DrawNoise[] = ['independent', 'antithetic', 'shared', 'momentMatched']

/** Refuses a kind of noise that the model's layers or the number of draws cannot have. */
export function requireDrawNoise(noise: DrawNoise, model: tf.LayersModel, samples: number): void {
  if (!KINDS.includes(noise)) throw new InvalidOptionError('noise', noise, KINDS.map((kind) => `'${kind}'`).join(', '))
  if (noise !== 'shared' && noise !== 'momentMatched') return
  const other = variationalLayers(model).find(({ estimator }) => estimator !== 'localReparameterization')
  if (other) {
    const why = `'independent' or 'antithetic': the noise of layer '${other.name}' (${other.estimator}) does not belong to rows`
    throw new InvalidOptionError('noise', noise, why)
  }
  if (noise === 'momentMatched' && samples < 2) {
    throw new InvalidOptionError('samples', samples, "at least 2 with noise 'momentMatched': one number has no variance to match")
  }
}

/**
 * The noise of one draw, a pure function of its number.
 *
 * @param options.samples all draws S
 * @param draw int32 scalar, from 0 to S - 1
 */
export function drawNoise(
  { noise, seed, samples }: { readonly noise: DrawNoise; readonly seed: number; readonly samples: number },
  draw: tf.Scalar,
): NoiseSource {
  if (noise === 'independent') return seededNoise(seed, draw)
  if (noise === 'antithetic') {
    return (shape, stream) =>
      tf.tidy(() => {
        const pair = tf.floor(tf.div(draw.toFloat(), 2))
        const sign = tf.sub(1, tf.mul(2, tf.sub(draw.toFloat(), tf.mul(2, pair))))
        return tf.mul(seededNoise(seed, pair.toInt() as tf.Scalar)(shape, stream), sign)
      })
  }
  return ([, ...unit], stream) =>
    tf.tidy(() =>
      noise === 'shared'
        ? seededNoise(seed, draw)([1, ...unit], stream)
        : tf.gather(momentMatched(seededNoise(seed, 0)([samples, ...unit], stream)), draw.reshape([1])),
    )
}

/** Shifts and scales the numbers along the first axis to mean 0 and variance 1 (their own, divided by S). */
function momentMatched(numbers: tf.Tensor): tf.Tensor {
  const { mean, variance } = tf.moments(numbers, 0, true)
  return tf.div(tf.sub(numbers, mean), tf.sqrt(variance))
}
