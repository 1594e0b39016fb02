import type * as tf from '@tensorflow/tfjs'

/**
 * Gives the layers of a model their names in the file.
 *
 * A name that the user gave is kept. A name that tfjs made up counts the layers of the whole process (`dense_Dense7`), so two runs of one program
 * would write different files; such a layer gets `dense_1`, `dense_2`, ... by its place in the model instead. A name that is taken gets a `_`
 * behind it.
 */
export class LayerNames {
  private readonly names = new Map<string, Map<tf.layers.Layer, string>>()

  /**
   * @param layer a layer
   * @param path names of the nested models around it, each followed by `/`
   * @returns its name with the path in front; the same for the same arguments
   */
  nameOf(layer: tf.layers.Layer, path: string): string {
    const siblings = this.names.get(path) ?? new Map<tf.layers.Layer, string>()
    this.names.set(path, siblings)
    const known = siblings.get(layer)
    if (known != null) return path + known
    const taken = new Set(siblings.values())
    let name = layer.name
    if (hasAutomaticName(layer)) {
      const sameClass = [...siblings.keys()].filter(
        (other) => other.getClassName() === layer.getClassName() && hasAutomaticName(other),
      )
      name = `${snakeCase(layer.getClassName())}_${sameClass.length + 1}`
    }
    while (taken.has(name)) name += '_'
    siblings.set(layer, name)
    return path + name
  }
}

/** Whether tfjs made the name of a layer or model up, with a counter of the process in it. */
export function hasAutomaticName(layer: tf.layers.Layer): boolean {
  const className = layer.getClassName()
  if (className === 'InputLayer') return /^input\d+$|_input$/.test(layer.name)
  const stem =
    { Sequential: 'sequential_', Model: 'model', Functional: 'model' }[className] ?? `${snakeCase(className)}_${className}`
  return layer.name.startsWith(stem) && /^\d+$/.test(layer.name.slice(stem.length))
}

// As tfjs writes it, e.g. re_lu for ReLU.
function snakeCase(name: string): string {
  return name
    .replace(/(.)([A-Z][a-z0-9]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
}
