import * as tf from '@tensorflow/tfjs'
import type { EpochRecord, ValidationRecord } from './history.ts'

/** When to stop, and which weights to keep; both are judged on the validation split alone. */
export interface EarlyStopping {
  /** What is judged: the highest 'elbo', or the lowest 'nll' or 'error'. Default 'elbo'. */
  readonly metric?: 'elbo' | 'nll' | 'error'
  /** Epochs in a row that may be no better than the best before the run ends, at least 1; default Infinity: only the best weights are kept. */
  readonly patience?: number
}

/** Keeps the weights of the epoch with the best validation figure. */
export class BestEpoch {
  readonly #metric: 'elbo' | 'nll' | 'error'
  readonly #patience: number
  readonly #variables: readonly tf.Variable[]
  #weights: readonly tf.Tensor[] = []
  #epoch: number | undefined
  #value = Number.NEGATIVE_INFINITY
  #last = -1

  constructor({ metric = 'elbo', patience = Number.POSITIVE_INFINITY }: EarlyStopping, variables: readonly tf.Variable[]) {
    this.#metric = metric
    this.#patience = patience
    this.#variables = variables
  }

  /** The best epoch so far. */
  get epoch(): number | undefined {
    return this.#epoch
  }

  /** Whether no epoch has been better for as long as the patience lasts. */
  get exhausted(): boolean {
    return this.#epoch !== undefined && this.#last - this.#epoch >= this.#patience
  }

  /** The kept weights, in the order of the variables; they stay this object's. */
  get weights(): readonly tf.Tensor[] {
    return this.#weights
  }

  /** Judges an epoch whose weights the variables hold. */
  offer(record: EpochRecord): void {
    const { validation } = record
    if (validation === undefined) return
    this.#judge(record.epoch, this.#valueOf(validation), () => this.#variables.map((variable) => variable.clone()))
  }

  /** Judges the epochs of a checkpoint again, and takes over the weights that it kept, which become its own. */
  restore(records: readonly EpochRecord[], weights: readonly tf.Tensor[]): void {
    for (const { epoch, validation } of records) {
      if (validation) this.#judge(epoch, this.#valueOf(validation), () => [])
    }
    this.#weights = weights
  }

  /** Puts the kept weights back into the variables. */
  apply(): void {
    this.#weights.forEach((weight, i) => {
      this.#variables[i]!.assign(weight)
    })
  }

  dispose(): void {
    tf.dispose([...this.#weights])
    this.#weights = []
  }

  #judge(epoch: number, value: number, weights: () => tf.Tensor[]): void {
    this.#last = epoch
    if (!(value > this.#value)) return
    this.dispose()
    this.#weights = weights()
    this.#epoch = epoch
    this.#value = value
  }

  #valueOf(validation: ValidationRecord): number {
    if (this.#metric === 'elbo') return validation.elbo
    if (this.#metric === 'nll') return -validation.nll
    return validation.error === undefined ? Number.NEGATIVE_INFINITY : -validation.error
  }
}
