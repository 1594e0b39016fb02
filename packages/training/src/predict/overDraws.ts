import * as tf from '@tensorflow/tfjs'
import { preparedInputs, releaseInputs } from '../data/preparedData.ts'
import { drawNoise } from '../draws/drawNoise.ts'
import { type DrawRange, ModelDraws } from '../draws/modelDraws.ts'
import { type BatchRange, batchRanges } from '../loop/batchRanges.ts'
import { EventLoop } from '../loop/eventLoop.ts'
import { deriveSeed, SeedPurpose } from '../random/deriveSeed.ts'
import type { DrawOptions, DrawPlan } from './drawOptions.ts'

export interface OverDraws<R extends Record<string, tf.Tensor>> {
  readonly model: tf.LayersModel
  readonly plan: DrawPlan
  readonly options: Pick<DrawOptions, 'signal' | 'onProgress'>
  /** Which of several outputs is drawn; default all of them, packed. */
  readonly output?: number
  /** What goes with each row of the inputs, [rows, ...]. */
  readonly alongside?: readonly tf.Tensor[]
  /**
   * Sums up a few draws of one batch: a pure function, compiled with the model.
   *
   * @param outputs [draws, rows, ...]
   */
  summarize(outputs: tf.Tensor, ...alongside: readonly tf.Tensor[]): R
  /** Takes what `summarize` gave for a few draws of a batch; the tensors are its own. */
  consume(range: BatchRange, draws: DrawRange, summary: R): Promise<void>
  /** Is told when all draws of a batch are consumed. */
  batchDone?(range: BatchRange): Promise<void>
}

/**
 * Takes S draws of a model over all rows, a batch and a few draws at a time, so that memory is bounded whatever S and the number of rows.
 *
 * Draw s uses the same noise in each batch: with `weightSampling` a draw is one function over all rows, whatever the batch size; with
 * `localReparameterization` rows are independent within a batch, and rows at the same place of two batches are not.
 *
 * @throws NonFiniteDataError before any work; the reason of the signal where that aborts
 */
export async function overDraws<R extends Record<string, tf.Tensor>>(work: OverDraws<R>): Promise<void> {
  const { model, plan, options, alongside = [], output, summarize } = work
  const { rows, samples, batchSize } = plan
  const { signal, onProgress } = options
  const x = await preparedInputs(plan.inputs, model)
  const draws = new ModelDraws<R>({
    ...plan,
    model,
    output,
    batchRows: Math.min(rows, batchSize),
    noiseOf: drawNoise({ ...plan, seed: deriveSeed(plan.seed, SeedPurpose.predictiveNoise) }),
    summarize: (outputs, others) => summarize(outputs, ...others),
  })
  const eventLoop = new EventLoop()
  const started = performance.now()
  let done = 0
  try {
    for (const range of batchRanges(rows, batchSize)) {
      const batch = [x, ...alongside].map((input) => tf.slice(input, range.start, range.rows))
      try {
        signal?.throwIfAborted()
        for (const { draws: taken, summary } of draws.of(batch[0]!, batch.slice(1))) {
          await work.consume(range, taken, summary)
          done += range.rows * taken.count
          if (eventLoop.due || done === rows * samples) {
            const etaSeconds = ((performance.now() - started) / 1000) * ((rows * samples) / done - 1)
            onProgress?.({ done, total: rows * samples, etaSeconds })
            await eventLoop.turn()
          }
          if (done < rows * samples) signal?.throwIfAborted()
        }
        await work.batchDone?.(range)
      } finally {
        tf.dispose(batch)
      }
    }
  } finally {
    draws.dispose()
    releaseInputs(plan.inputs, x)
  }
}
