import * as tf from '@tensorflow/tfjs'
import { DivergedLossError } from '../errors.ts'
import type { TrainingStepResult } from './trainingStep.ts'

/** Means over the steps of an epoch so far, weighted by their rows. */
export interface EpochMeans {
  readonly nll: number
  readonly kl: number
  readonly beta: number
}

/**
 * Keeps the exact means of an epoch without waiting for the device after each step: results queue up as tensors and are read many at a time,
 * and added in float64.
 */
export class EpochMeter {
  readonly #epoch: number
  #pending: (TrainingStepResult & { readonly rows: number; readonly beta: number })[] = []
  #read = 0
  #rows = 0
  #nll = 0
  #kl = 0
  #beta = 0

  constructor(epoch: number) {
    this.#epoch = epoch
  }

  /** Queues the result of a step, whose tensors become the meter's. */
  add(result: TrainingStepResult, rows: number, beta: number): void {
    this.#pending.push({ ...result, rows, beta })
  }

  get pending(): number {
    return this.#pending.length
  }

  /**
   * Reads what has queued up.
   *
   * @throws DivergedLossError with the index of the first batch whose NLL or KL is NaN or infinite
   */
  async means(): Promise<EpochMeans> {
    const pending = this.#pending
    this.#pending = []
    if (pending.length > 0) {
      const stacked = tf.tidy(() => tf.stack(pending.flatMap(({ nll, kl }) => [nll, kl])))
      tf.dispose(pending.map(({ nll, kl }) => [nll, kl]))
      const values = await stacked.data()
      stacked.dispose()
      pending.forEach(({ rows, beta }, i) => {
        this.#include(values[2 * i]!, values[2 * i + 1]!, rows, beta)
      })
    }
    return { nll: this.#nll / this.#rows, kl: this.#kl / this.#rows, beta: this.#beta / this.#rows }
  }

  /** Frees what was never read. */
  dispose(): void {
    tf.dispose(this.#pending.map(({ nll, kl }) => [nll, kl]))
    this.#pending = []
  }

  #include(nll: number, kl: number, rows: number, beta: number): void {
    if (!Number.isFinite(nll) || !Number.isFinite(kl))
      throw new DivergedLossError({ epoch: this.#epoch, batch: this.#read, nll, kl })
    this.#read++
    this.#rows += rows
    this.#nll += nll * rows
    this.#kl += kl * rows
    this.#beta += beta * rows
  }
}
