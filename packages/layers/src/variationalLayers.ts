import type * as tf from '@tensorflow/tfjs'
import { VariationalLayer } from './layers/variationalLayer.ts'
import { leafLayers } from './layerTree.ts'

/**
 * The variational layers of a model, those of nested models and wrapped layers included, each once.
 *
 * @param model any model of tfjs
 * @returns them in topological order: a layer comes after those that feed it
 */
export function variationalLayers(model: tf.LayersModel): VariationalLayer[] {
  return leafLayers(model).filter((layer) => layer instanceof VariationalLayer)
}
