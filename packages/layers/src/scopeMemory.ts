import * as tf from '@tensorflow/tfjs'

/**
 * Tensors that are computed once and live until the `tf.tidy` scope ends in which the memory was made, past the inner scopes of models and layers.
 *
 * A value whose scope has ended is made again. Outside any scope nothing would ever dispose what is kept, so there nothing is.
 */
export class ScopeMemory {
  private readonly values = new Map<object, Map<string, Remembered>>()
  private readonly kept: tf.Tensor[] = []
  private readonly anchor: tf.Tensor | undefined

  constructor() {
    this.anchor = this.dropAnchor()
  }

  /**
   * @param owner whose value it is
   * @param key which of the owner's values
   * @param make computes it
   * @param of what it was computed of: for another one it is computed anew, and takes the former one's place
   */
  once(owner: object, key: string, make: () => tf.Tensor, of?: object): tf.Tensor {
    return this.allOnce(owner, key, () => [make()], of)[0]!
  }

  /** {@link once} for several values that are computed together. */
  allOnce<Values extends tf.Tensor[]>(owner: object, key: string, make: () => Values, of?: object): Values {
    let own = this.values.get(owner)
    if (own === undefined) {
      own = new Map()
      this.values.set(owner, own)
    }
    const known = own.get(key)
    if (known !== undefined && known.of === of && !known.values.some(({ isDisposed }) => isDisposed))
      return known.values as Values
    const values = make()
    if (this.anchor !== undefined && !this.anchor.isDisposed) this.kept.push(...values.map((value) => tf.keep(value)))
    own.set(key, { values, of })
    return values
  }

  /** A tensor of the scope in which the memory is made: tfjs disposes it when that scope ends, and with it what was kept. */
  private dropAnchor(): tf.Tensor | undefined {
    if (tf.engine().state.activeScope == null) return undefined
    const anchor = tf.scalar(0)
    const dispose = anchor.dispose.bind(anchor)
    anchor.dispose = () => {
      for (const tensor of this.kept.splice(0)) tensor.dispose()
      dispose()
    }
    return anchor
  }
}

interface Remembered {
  readonly values: tf.Tensor[]
  readonly of: object | undefined
}
