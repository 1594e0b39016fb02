import * as tf from '@tensorflow/tfjs'
import { ForwardPass } from '@tfjs-bayes/layers'
import { type DrawMethod, standardDraws, streamSeed } from '../../src/draws/standardDraws.ts'

/** A noise tensor: all draws, [samples, ...shape of what tfjs asks for]. */
export interface NoiseTensor {
  readonly data: Float32Array
  readonly shape: readonly number[]
}

/** Which draws a file stores. */
export interface StoredDraws {
  readonly samples: number
  readonly seed: number
  readonly method: DrawMethod
}

/** The shapes of the noise that a model asks for, in order. */
export function noiseShapes(model: tf.LayersModel, rows: number): number[][] {
  const shapes: number[][] = []
  tf.tidy(() => {
    const noise = (shape: readonly number[]): tf.Tensor => {
      shapes.push([...shape])
      return tf.zeros([...shape])
    }
    model.apply(tf.zeros([rows, ...(model.inputs[0]!.shape.slice(1) as number[])]), {
      pass: new ForwardPass({ mode: 'sample', noise }),
    })
  })
  return shapes
}

/** The numbers that a file stores, as noise that tfjs can be given: of pre-activations the same for all rows, of weights one a weight. */
export function storedNoise(
  model: tf.LayersModel,
  rows: number,
  of: 'preActivations' | 'weights',
  { samples, seed, method }: StoredDraws,
): NoiseTensor[] {
  return noiseShapes(model, rows).map((shape, stream) => {
    const own = of === 'preActivations' ? shape.slice(1) : shape
    const draws = standardDraws({ samples, size: own.reduce((a, b) => a * b, 1), seed: streamSeed(seed, stream), method })
    return { data: of === 'preActivations' ? repeatRows(draws, samples, rows) : draws, shape: [samples, ...shape] }
  })
}

function repeatRows(draws: Float32Array, samples: number, rows: number): Float32Array {
  const size = draws.length / samples
  return Float32Array.from({ length: draws.length * rows }, (_, i) => draws[Math.floor(i / size / rows) * size + (i % size)]!)
}
