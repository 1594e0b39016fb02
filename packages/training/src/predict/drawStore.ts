import * as tf from '@tensorflow/tfjs'
import type { DrawRange } from '../draws/modelDraws.ts'
import type { BatchRange } from '../loop/batchRanges.ts'

/** Keeps what each draw gave for each row, where it was asked for. */
export class DrawStore {
  readonly #samples: number
  readonly #rows: number
  #values: Float32Array | undefined
  #sizes: readonly number[] = []

  constructor(samples: number, rows: number) {
    this.#samples = samples
    this.#rows = rows
  }

  /** Takes the draws of a chunk, [draws, rows, ...], and frees them. */
  async add({ start, rows }: BatchRange, { first, count }: DrawRange, draws: tf.Tensor): Promise<void> {
    this.#sizes = draws.shape.slice(2)
    const perRow = tf.util.sizeFromShape([...this.#sizes])
    this.#values ??= new Float32Array(this.#samples * this.#rows * perRow)
    const values = (await draws.data()) as Float32Array
    draws.dispose()
    const perDraw = rows * perRow
    for (let draw = 0; draw < count; draw++) {
      const place = ((first + draw) * this.#rows + start) * perRow
      this.#values.set(values.subarray(draw * perDraw, (draw + 1) * perDraw), place)
    }
  }

  /** All draws, [samples, rows, ...]. */
  tensor(): tf.Tensor {
    return tf.tensor(this.#values!, [this.#samples, this.#rows, ...this.#sizes], 'float32')
  }
}
