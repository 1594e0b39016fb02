import * as tf from '@tensorflow/tfjs'
import { innerLayers, leafLayers } from '../layerTree.ts'

/** What takes the place of a layer. */
export interface Replacement {
  readonly className: string
  readonly config: tf.serialization.ConfigDict
  /** Gives the new layer its weights; called within tf.tidy. */
  fill(layer: tf.layers.Layer): void
}

/** How tfjs writes a layer within a model or wrapper. */
interface LayerEntry {
  readonly className: string
  readonly config: tf.serialization.ConfigDict
}

/**
 * A copy of a model in which some layers are replaced, and all others keep config and weights.
 *
 * @param model it is left as it is and shares no weight with the copy
 * @param replacements by layer; nested models and wrapped layers included
 * @returns a model of the same kind, not compiled
 */
export function rebuildModel<Model extends tf.LayersModel>(
  model: Model,
  replacements: ReadonlyMap<tf.layers.Layer, Replacement>,
): Model {
  const ModelClass = model.constructor as unknown as tf.serialization.SerializableConstructor<Model>
  const { config } = rewrite(model, { className: model.getClassName(), config: model.getConfig() }, replacements)
  const copy = ModelClass.fromConfig!(ModelClass, structuredClone(config))
  tf.tidy(() => {
    copyWeights(model, copy, replacements)
  })
  return copy
}

function rewrite(layer: tf.layers.Layer, entry: LayerEntry, replacements: ReadonlyMap<tf.layers.Layer, Replacement>): LayerEntry {
  const replacement = replacements.get(layer)
  if (replacement !== undefined) return { ...entry, className: replacement.className, config: replacement.config }
  const inner = new Map(innerLayers(layer).map((each) => [each.name, each]))
  if (inner.size === 0) return entry
  const rewriteInner = (each: LayerEntry): LayerEntry => rewrite(inner.get(String(each.config['name']))!, each, replacements)
  const { layers, layer: wrapped } = entry.config as { layers?: unknown; layer?: unknown }
  const rewritten = Array.isArray(layers)
    ? { layers: (layers as LayerEntry[]).map(rewriteInner) }
    : { layer: rewriteInner(wrapped as LayerEntry) }
  return { ...entry, config: { ...entry.config, ...rewritten } as unknown as tf.serialization.ConfigDict }
}

function copyWeights(from: tf.layers.Layer, to: tf.layers.Layer, replacements: ReadonlyMap<tf.layers.Layer, Replacement>): void {
  const replacement = replacements.get(from)
  if (replacement !== undefined) {
    replacement.fill(to)
    return
  }
  const inner = innerLayers(from)
  if (inner.length > 0 && leafLayers(from).some((leaf) => replacements.has(leaf))) {
    const copies = new Map(innerLayers(to).map((each) => [each.name, each]))
    for (const each of inner) copyWeights(each, copies.get(each.name)!, replacements)
    return
  }
  // As a whole: a Bidirectional keeps weights of its own, and only the config of the layer that it was made of.
  to.setWeights(from.getWeights())
}
