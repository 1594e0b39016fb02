import * as tf from '@tensorflow/tfjs'

/** Remembers the weights of the epoch with the best score. */
export class BestEpoch {
  readonly #model: tf.LayersModel
  #weights: { readonly shape: number[]; readonly values: Float32Array }[] = []
  #score = Number.NEGATIVE_INFINITY
  #epoch: number | null = null

  /** @param model the model that is being trained */
  constructor(model: tf.LayersModel) {
    this.#model = model
  }

  /** The best epoch so far; null before the first. */
  get epoch(): number | null {
    return this.#epoch
  }

  /**
   * Copies the model's weights if the score beats all before it.
   *
   * @param score higher is better
   */
  async offer(epoch: number, score: number): Promise<void> {
    if (!(score > this.#score)) return
    const weights = this.#model.getWeights()
    // The numbers themselves: a clone shares its memory with the variable, which a training step may write to.
    const values = await Promise.all(weights.map((weight) => weight.data()))
    this.#weights = weights.map(({ shape }, i) => ({ shape, values: Float32Array.from(values[i]!) }))
    this.#score = score
    this.#epoch = epoch
  }

  /** Puts the weights of the best epoch back into the model. */
  restore(): void {
    if (this.#epoch === null) return
    const tensors = this.#weights.map(({ shape, values }) => tf.tensor(values, shape))
    this.#model.setWeights(tensors)
    tf.dispose(tensors)
  }
}
