import * as tf from '@tensorflow/tfjs'
import { DivergedLossError } from '../errors.ts'
import type { EpochRecord } from './history.ts'
import type { TrainingStepResult } from './trainingStep.ts'

/** Sums over the steps of an epoch, weighted by their rows; plain data, in float64. */
export interface EpochSums {
  readonly steps: number
  readonly rows: number
  readonly nll: number
  readonly kl: number
  readonly beta: number
  /** That of the last step; null where an optimizer of tfjs keeps its own. */
  readonly learningRate: number | null
  readonly seconds: number
}

export const NO_SUMS: EpochSums = { steps: 0, rows: 0, nll: 0, kl: 0, beta: 0, learningRate: null, seconds: 0 }

/** What a step was taken with. */
export interface StepSettings {
  readonly rows: number
  readonly beta: number
  readonly learningRate?: number | undefined
}

/**
 * Keeps the exact means of an epoch without waiting for the device after each step: results queue up as tensors and are read many at a time,
 * and added in float64.
 */
export class EpochMeter {
  readonly #epoch: number
  readonly #started = performance.now()
  #pending: { readonly result: TrainingStepResult; readonly step: StepSettings }[] = []
  #sums: EpochSums

  /** @param before sums over the steps of this epoch that another process took */
  constructor(epoch: number, before: EpochSums = NO_SUMS) {
    this.#epoch = epoch
    this.#sums = before
  }

  /** Queues the result of a step, whose tensors become the meter's. */
  add(result: TrainingStepResult, step: StepSettings): void {
    this.#pending.push({ result, step })
  }

  /** Results that wait to be read. */
  get pending(): number {
    return this.#pending.length
  }

  /**
   * Reads what has queued up, so that the sums hold every step so far.
   *
   * @throws DivergedLossError with the index of the first batch whose NLL or KL is NaN or infinite
   */
  async sums(): Promise<EpochSums> {
    const pending = this.#pending
    this.#pending = []
    if (pending.length > 0) {
      const stacked = tf.tidy(() => tf.stack(pending.flatMap(({ result }) => [result.nll, result.kl])))
      tf.dispose(pending.map(({ result }) => result))
      const values = await stacked.data()
      stacked.dispose()
      pending.forEach(({ step }, i) => {
        this.#include(values[2 * i]!, values[2 * i + 1]!, step)
      })
    }
    return { ...this.#sums, seconds: this.#sums.seconds + (performance.now() - this.#started) / 1000 }
  }

  /** Frees what was never read. */
  dispose(): void {
    tf.dispose(this.#pending.map(({ result }) => result))
    this.#pending = []
  }

  #include(nll: number, kl: number, { rows, beta, learningRate }: StepSettings): void {
    const sums = this.#sums
    if (!Number.isFinite(nll) || !Number.isFinite(kl)) {
      throw new DivergedLossError({ epoch: this.#epoch, batch: sums.steps, nll, kl })
    }
    this.#sums = {
      steps: sums.steps + 1,
      rows: sums.rows + rows,
      nll: sums.nll + nll * rows,
      kl: sums.kl + kl * rows,
      beta: sums.beta + beta * rows,
      learningRate: learningRate ?? null,
      seconds: sums.seconds,
    }
  }
}

/** What the sums say per example and in nats. */
export function epochFigures(
  { steps, rows, nll, kl, beta, learningRate, seconds }: EpochSums,
  datasetSize: number,
): EpochFigures {
  const means = { nll: nll / rows, kl: kl / rows, beta: beta / rows }
  const klPerExample = means.kl / datasetSize
  return {
    steps,
    examples: rows,
    elbo: -(means.nll + klPerExample),
    ...means,
    klPerExample,
    ...(learningRate !== null && { learningRate }),
    seconds,
    examplesPerSecond: rows / seconds,
  }
}

type EpochFigures = Omit<EpochRecord, 'epoch' | 'validation'>
