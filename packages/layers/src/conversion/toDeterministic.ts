import * as tf from '@tensorflow/tfjs'
import { ForwardPass } from '../forwardPass.ts'
import { variationalLayers } from '../variationalLayers.ts'
import { type Replacement, rebuildModel } from './rebuildModel.ts'

/**
 * Makes a model of ordinary `tf.layers` from the posterior means: {@link toBayesian} undone.
 *
 * @param model it is left as it is
 * @returns a model of the same kind and the same names, not compiled; it predicts what the model predicts in mode 'mean'
 */
export function toDeterministic<Model extends tf.LayersModel>(model: Model): Model {
  return withWeightsOf(model, () => new ForwardPass({ mode: 'mean' }))
}

/** The model of ordinary `tf.layers` whose weights are those of a pass. */
export function withWeightsOf<Model extends tf.LayersModel>(model: Model, makePass: () => ForwardPass): Model {
  let copy: Model | undefined
  tf.tidy(() => {
    const pass = makePass()
    const replacements = new Map<tf.layers.Layer, Replacement>()
    for (const layer of variationalLayers(model)) {
      replacements.set(layer, {
        ...layer.deterministicTwin(),
        fill: (twin) => {
          twin.setWeights([...layer.weightsIn(pass)])
        },
      })
    }
    copy = rebuildModel(model, replacements)
  })
  return copy!
}
