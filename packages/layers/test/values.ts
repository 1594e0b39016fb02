import * as tf from '@tensorflow/tfjs'
import { seededNoise } from '../src/index.ts'

/** A tensor in plain numbers: what the naive references compute with. */
export interface Values {
  readonly shape: readonly number[]
  readonly data: readonly number[]
}

export function valuesOf(tensor: tf.Tensor): Values {
  return { shape: tensor.shape, data: Array.from(tensor.dataSync()) }
}

export function tensorOf({ shape, data }: Values): tf.Tensor {
  return tf.tensor([...data], [...shape], 'float32')
}

export function map(values: Values, f: (value: number, index: number) => number): Values {
  return { shape: values.shape, data: values.data.map(f) }
}

export function zip(a: Values, b: Values, f: (a: number, b: number) => number): Values {
  return map(a, (value, i) => f(value, b.data[i]!))
}

/** Standard normal numbers of a seed. */
export function normal(shape: readonly number[], seed: number): tf.Tensor {
  return seededNoise(seed, 0)(shape, 0)
}

/** What a model saves, without a place to save it in. */
export async function savedArtifacts(model: tf.LayersModel): Promise<tf.io.ModelArtifacts> {
  let artifacts: tf.io.ModelArtifacts | undefined
  await model.save(
    tf.io.withSaveHandler(async (given) => {
      artifacts = given
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } }
    }),
  )
  return artifacts!
}
