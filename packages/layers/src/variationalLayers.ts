import * as tf from '@tensorflow/tfjs'
import { VariationalLayer } from './layers/variationalLayer.ts'

/**
 * The variational layers of a model, those of nested models and wrapped layers included, each once.
 *
 * @param model any model of tfjs
 * @returns them in topological order: a layer comes after those that feed it
 */
export function variationalLayers(model: tf.LayersModel): VariationalLayer[] {
  const found = new Set<VariationalLayer>()
  const visit = (layer: tf.layers.Layer): void => {
    if (layer instanceof VariationalLayer) found.add(layer)
    else for (const inner of innerLayers(layer)) visit(inner)
  }
  visit(model)
  return [...found]
}

/** What a layer is made of: a model has `layers`, a wrapper such as TimeDistributed has `layer`. */
function innerLayers(layer: tf.layers.Layer): tf.layers.Layer[] {
  const { layers, layer: wrapped } = layer as unknown as { readonly layers?: unknown; readonly layer?: unknown }
  return [...(Array.isArray(layers) ? layers : []), wrapped].filter((inner) => inner instanceof tf.layers.Layer)
}
