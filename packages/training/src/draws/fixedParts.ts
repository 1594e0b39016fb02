import * as tf from '@tensorflow/tfjs'
import { ForwardPass } from '@tfjs-bayes/layers'

type PassOptions = ConstructorParameters<typeof ForwardPass>[0]
type Layer = Parameters<ForwardPass['onceForAll']>[0]

/**
 * What no noise changes in the draws of one batch, by the layer that asks for it: sigma of every weight, and the moments of the Bayesian layers whose inputs
 * are the same in all draws.
 */
export class FixedParts {
  readonly #places = new Map<Layer, Map<string, number>>()
  #values: readonly tf.Tensor[] = []

  /** In the order in which they were first asked for. */
  get values(): readonly tf.Tensor[] {
    return this.#values
  }

  /** The same parts with other values, in the order of `values`. */
  with(values: readonly tf.Tensor[]): FixedParts {
    const parts = new FixedParts()
    for (const [layer, places] of this.#places) parts.#places.set(layer, new Map(places))
    parts.#values = values
    return parts
  }

  find(layer: Layer, key: string): tf.Tensor | undefined {
    const place = this.#places.get(layer)?.get(key)
    return place === undefined ? undefined : this.#values[place]
  }

  add(layer: Layer, key: string, value: tf.Tensor): void {
    const places = this.#places.get(layer) ?? new Map<string, number>()
    this.#places.set(layer, places.set(key, this.#values.length))
    this.#values = [...this.#values, value]
  }
}

/** A pass that takes over the parts that are known, and adds those that it has to compute. */
export class FixedPartsPass extends ForwardPass {
  readonly #parts: FixedParts
  readonly #inputs: readonly tf.Tensor[]

  /** @param inputs of layers, the same for all passes with these parts */
  constructor(options: PassOptions, parts: FixedParts, inputs: readonly tf.Tensor[]) {
    super(options)
    this.#parts = parts
    this.#inputs = inputs
  }

  override onceForAll(layer: Layer, key: string, make: () => tf.Tensor): tf.Tensor {
    const known = this.#parts.find(layer, key)
    if (known) return known
    const value = super.onceForAll(layer, key, make)
    this.#parts.add(layer, key, value)
    return value
  }

  override onceForInput(layer: Layer, key: string, x: tf.Tensor, make: () => tf.Tensor): tf.Tensor {
    const place = this.#inputs.findIndex(({ dataId, shape }) => dataId === x.dataId && tf.util.arraysEqual(shape, x.shape))
    return place < 0 ? make() : this.onceForAll(layer, `${key} of ${place}`, make)
  }
}
