import type * as tf from '@tensorflow/tfjs'
import type { VariationalLayer } from '@tfjs-bayes/layers'
import type { Tape } from '../ir/tape.ts'
import type { Value } from '../ir/value.ts'
import type { LayerWeights } from './lowering.ts'
import { type Moments, readPosterior, readWeight } from './weights.ts'

/** Numbers for the graph: float32, which it stores in its precision, or the bit patterns of float16 themselves. */
export interface StoredNumbers {
  readonly data: Float32Array | Uint16Array
  readonly shape: readonly number[]
}

/** The weights that are in the graph already: a layer that is called twice stores them once. */
export class WeightStore {
  private readonly tape: Tape
  private readonly values = new Map<tf.layers.Layer, Map<string, Value | undefined>>()
  private readonly posteriors = new Map<VariationalLayer, ReadonlyMap<string, Moments>>()

  constructor(tape: Tape) {
    this.tape = tape
  }

  /** The value of a name that the layer has in the graph; read and stored at the first call. */
  store(layer: tf.layers.Layer, name: string, read: () => StoredNumbers | undefined): Value | undefined {
    const ofLayer = this.values.get(layer) ?? new Map<string, Value | undefined>()
    this.values.set(layer, ofLayer)
    if (!ofLayer.has(name)) {
      const weight = read()
      ofLayer.set(name, weight == null ? undefined : this.tape.initializer(weight.data, weight.shape, name))
    }
    return ofLayer.get(name)
  }

  /** What a lowering may do with a layer's weights. */
  weightsOf(layer: tf.layers.Layer): LayerWeights {
    return {
      weight: (name, arrange = (weight) => weight) =>
        this.store(layer, name, () => {
          const weight = readWeight(layer, name)
          return weight == null ? undefined : arrange(weight)
        }),
      weightData: (name) => readWeight(layer, name),
      layerConstant: (name, make) => this.store(layer, name, make)!,
    }
  }

  /** The posterior of a Bayesian layer, read at the first call. */
  posteriorOf(layer: VariationalLayer): ReadonlyMap<string, Moments> {
    const known = this.posteriors.get(layer) ?? readPosterior(layer)
    this.posteriors.set(layer, known)
    return known
  }
}
