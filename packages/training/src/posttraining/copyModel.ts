import type * as tf from '@tensorflow/tfjs'

/** How tfjs writes a layer within a model: the part of a config that has a class name. */
export interface LayerEntry {
  readonly className: string
  readonly config: tf.serialization.ConfigDict
}

/**
 * A model of the same kind and the same names, without the weights: they are new.
 *
 * @param model it is left as it is
 * @param edit changes the config of a layer, of nested models too; default: as it is
 * @returns a model that shares nothing with the first, not compiled; the caller's
 */
export function rebuilt<Model extends tf.LayersModel>(
  model: Model,
  edit: (entry: LayerEntry) => tf.serialization.ConfigDict = ({ config }) => config,
): Model {
  const ModelClass = model.constructor as unknown as tf.serialization.SerializableConstructor<Model>
  return ModelClass.fromConfig!(ModelClass, edited(structuredClone(model.getConfig()), edit) as tf.serialization.ConfigDict)
}

/** A copy of a model with its weights, which shares nothing with it. */
export function copied<Model extends tf.LayersModel>(
  model: Model,
  edit?: (entry: LayerEntry) => tf.serialization.ConfigDict,
): Model {
  const copy = rebuilt(model, edit)
  copy.setWeights(model.getWeights())
  return copy
}

function edited(value: unknown, edit: (entry: LayerEntry) => tf.serialization.ConfigDict): unknown {
  if (Array.isArray(value)) return value.map((each) => edited(each, edit))
  if (typeof value !== 'object' || value === null) return value
  const inner = Object.fromEntries(Object.entries(value).map(([key, each]) => [key, edited(each, edit)]))
  return isEntry(inner) ? { ...inner, config: edit(inner) } : inner
}

const isEntry = (value: object): value is LayerEntry =>
  'className' in value && 'config' in value && typeof value.className === 'string'
