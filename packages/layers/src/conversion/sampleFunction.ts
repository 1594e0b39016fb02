import type * as tf from '@tensorflow/tfjs'
import { ForwardPass } from '../forwardPass.ts'
import { seededNoise } from '../noise/seededNoise.ts'
import { withWeightsOf } from './toDeterministic.ts'

/**
 * Draws one function from the posterior: a deterministic model whose weights are one draw.
 *
 * All rows of all calls then share their weights, as Thompson sampling and smooth curves need; only weight sampling gives that within a pass.
 *
 * @param model with any estimators; it is left as it is
 * @param seed int32; the same seed draws the same function
 * @returns a model of the same kind and the same names, not compiled, which the caller disposes of
 */
export function sampleFunction<Model extends tf.LayersModel>(model: Model, seed: number): Model {
  return withWeightsOf(model, () => new ForwardPass({ mode: 'sample', noise: seededNoise(seed, 0) }))
}
