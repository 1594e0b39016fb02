import * as tf from '@tensorflow/tfjs'

/** What a layer is made of: a model has `layers`, a wrapper such as TimeDistributed has `layer`, any other layer has nothing. */
export function innerLayers(layer: tf.layers.Layer): tf.layers.Layer[] {
  const { layers, layer: wrapped } = layer as unknown as { readonly layers?: unknown; readonly layer?: unknown }
  return [...(Array.isArray(layers) ? layers : []), wrapped].filter((inner) => inner instanceof tf.layers.Layer)
}

/** The layers of a model that are not made of others, through nested models and wrappers, each once, in topological order. */
export function leafLayers(model: tf.layers.Layer): tf.layers.Layer[] {
  const inner = innerLayers(model)
  return inner.length === 0 ? [model] : [...new Set(inner.flatMap(leafLayers))]
}

/** Where each layer stands that a model is made of: the model itself, nested models and wrappers, each once. */
export function placesOf(model: tf.layers.Layer): ReadonlyMap<tf.layers.Layer, ReadonlySet<tf.layers.Layer>> {
  const places = new Map<tf.layers.Layer, Set<tf.layers.Layer>>()
  const visit = (outer: tf.layers.Layer): void => {
    for (const layer of innerLayers(outer)) {
      const known = places.get(layer)
      if (known !== undefined) {
        known.add(outer)
        continue
      }
      places.set(layer, new Set([outer]))
      visit(layer)
    }
  }
  visit(model)
  return places
}
