import * as tf from '@tensorflow/tfjs'
import { type NoiseSource, seededNoise, variationalLayers } from '@tfjs-bayes/layers'
import { InvalidOptionError } from '../errors.ts'
import { normalQuantile } from '../random/normalQuantile.ts'
import { sobolPoints } from '../random/sobolPoints.ts'

/**
 * How the noise of one draw goes with that of others and of other rows. Each row's prediction has the same expectation whichever is taken
 * (but for 'momentMatched', whose bias falls as 1 / S).
 *
 * - 'independent': nothing in common.
 * - 'antithetic': the second draw of each pair has the first one's noise with its sign turned.
 * - 'shared': one number a unit, the same for all rows; far fewer random numbers, but rows are correlated.
 * - 'momentMatched': shared, and the S numbers of each unit are shifted and scaled to mean 0 and variance 1.
 * - 'sobol': shared, and the S draws are the points of a scrambled Sobol sequence with a coordinate for each unit; powers of 2 suit it best.
 *
 * The last three need `localReparameterization` in every Bayesian layer, whose noise belongs to rows.
 */
export type DrawNoise = 'independent' | 'antithetic' | 'shared' | 'momentMatched' | 'sobol'

/** The kinds that training can use: those of which each draw is by itself one of the posterior, for every estimator. */
export type TrainingNoise = Extract<DrawNoise, 'independent' | 'antithetic'>

const KINDS: readonly DrawNoise[] = ['independent', 'antithetic', 'shared', 'momentMatched', 'sobol']

/** Refuses a kind of noise that the model's layers or the number of draws cannot have. */
export function requireDrawNoise(noise: DrawNoise, model: tf.LayersModel, samples: number): void {
  if (!KINDS.includes(noise)) throw new InvalidOptionError('noise', noise, KINDS.map((kind) => `'${kind}'`).join(', '))
  if (noise === 'independent' || noise === 'antithetic') return
  const other = variationalLayers(model).find(({ estimator }) => estimator !== 'localReparameterization')
  if (other) {
    const why = `'independent' or 'antithetic': the noise of layer '${other.name}' (${other.estimator}) does not belong to rows`
    throw new InvalidOptionError('noise', noise, why)
  }
  if (noise === 'momentMatched' && samples < 2) {
    throw new InvalidOptionError('samples', samples, "at least 2 with noise 'momentMatched': one number has no variance to match")
  }
}

/** Refuses noise that training cannot have, or not with this number of draws a step. */
export function requireTrainingNoise(noise: TrainingNoise, samples: number): void {
  if (noise === 'independent') return
  if (noise !== 'antithetic') throw new InvalidOptionError('noise', noise, "'independent' or 'antithetic'")
  if (samples % 2 === 1)
    throw new InvalidOptionError('samples', samples, "an even number with noise 'antithetic': draws come in pairs")
}

export interface DrawNoiseOptions {
  readonly noise: DrawNoise
  /** int32 */
  readonly seed: number
  /** All draws S. */
  readonly samples: number
}

/**
 * Makes the noise of each draw, a pure function of its number.
 *
 * @returns function of the draw's number, an int32 scalar from 0 to S - 1; its noise lives in the enclosing `tf.tidy`
 */
export function drawNoise({ noise, seed, samples }: DrawNoiseOptions): (draw: tf.Scalar) => NoiseSource {
  switch (noise) {
    case 'independent':
      return (draw) => seededNoise(seed, draw)
    case 'antithetic':
      return (draw) => (shape, stream) =>
        tf.tidy(() => {
          const two = tf.scalar(2, 'int32')
          const pair = tf.floorDiv(draw, two) as tf.Scalar
          const sign = tf.sub(1, tf.mul(2, tf.sub(draw, tf.mul(pair, two)).toFloat()))
          return tf.mul(seededNoise(seed, pair)(shape, stream), sign)
        })
    case 'shared':
      return (draw) =>
        ([, ...unit], stream) =>
          seededNoise(seed, draw)([1, ...unit], stream)
    case 'momentMatched':
      return rowsOf(([, ...unit], stream) => momentMatched(seededNoise(seed, 0)([samples, ...unit], stream)))
    case 'sobol':
      return rowsOf(sobolNoise(seed, samples))
  }
}

/** The noise of a draw as a row of what a source gives for all draws, [S, ...unit]. */
function rowsOf(all: NoiseSource): (draw: tf.Scalar) => NoiseSource {
  return (draw) => (shape, stream) => tf.tidy(() => tf.gather(all(shape, stream), draw.reshape([1])))
}

/** Shifts and scales the numbers along the first axis to mean 0 and variance 1 (their own, divided by S). */
function momentMatched(numbers: tf.Tensor): tf.Tensor {
  const { mean, variance } = tf.moments(numbers, 0, true)
  return tf.div(tf.sub(numbers, mean), tf.sqrt(variance))
}

/** Normal quantiles of a Sobol sequence, whose coordinates the streams take one after another: once for all draws. */
function sobolNoise(seed: number, samples: number): NoiseSource {
  const streams: { readonly quantiles: Float32Array; readonly end: number }[] = []
  const quantiles = (dimensions: number, stream: number): Float32Array => {
    const known = streams[stream]
    if (known !== undefined) return known.quantiles
    const first = stream === 0 ? 0 : streams[stream - 1]!.end
    const made = Float32Array.from(sobolPoints({ samples, first, dimensions, seed }), normalQuantile)
    streams[stream] = { quantiles: made, end: first + dimensions }
    return made
  }
  return ([, ...unit], stream) => tf.tensor(quantiles(tf.util.sizeFromShape(unit), stream), [samples, ...unit])
}
