import * as tf from '@tensorflow/tfjs'
import { type CompiledStep, compile } from '@tfjs-bayes/backend/compile'
import { ForwardPass } from '@tfjs-bayes/layers'
import { requireFinite } from '../checks/data.ts'
import { type Rows, releaseRows, rowsTensor } from '../data/rows.ts'
import { type BatchRange, batchRanges } from '../loop/batchRanges.ts'
import { EventLoop } from '../loop/eventLoop.ts'
import { deriveSeed, SeedPurpose } from '../random/deriveSeed.ts'
import { drawNoise } from './drawNoise.ts'
import type { DrawOptions, DrawPlan } from './drawOptions.ts'

/** Draws that one call of the model function takes; more would only cost memory. */
const DRAWS_AT_ONCE = 10
/** Most numbers of the outputs of one chunk, [draws, rows, ...]. */
const CHUNK_NUMBERS = 4_000_000

/** Draws that one call takes. */
export interface DrawRange {
  /** From 0. */
  readonly first: number
  readonly count: number
}

export interface OverDraws<R extends Record<string, tf.Tensor>> {
  readonly model: tf.LayersModel
  readonly plan: DrawPlan
  readonly options: Pick<DrawOptions, 'signal' | 'onProgress'>
  /** Inputs, and what goes with each of their rows, [rows, ...]. */
  readonly inputs: readonly [x: Rows, ...alongside: tf.Tensor[]]
  /**
   * Sums up a few draws of one batch: a pure function, compiled with the model.
   *
   * @param outputs [draws, rows, ...]
   */
  summarize(outputs: tf.Tensor, ...alongside: tf.Tensor[]): R
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
  const { plan, options, inputs } = work
  const { rows, samples, batchSize } = plan
  const { signal, onProgress } = options
  const [x, ...alongside] = inputs
  const given = [rowsTensor(x, work.model.inputs[0]!.dtype), ...alongside]
  const chunks = drawChunks(work)
  const eventLoop = new EventLoop()
  const started = performance.now()
  let done = 0
  try {
    await requireFinite('x', given[0]!)
    for (const range of batchRanges(rows, batchSize)) {
      const batch = given.map((input) => tf.slice(input, range.start, range.rows))
      try {
        for (const { draws, run } of chunks) {
          signal?.throwIfAborted()
          const summary = tf.tidy(() => run(tf.scalar(draws.first, 'int32'), ...batch))
          await work.consume(range, draws, summary as R)
          done += range.rows * draws.count
          if (eventLoop.due || done === rows * samples) {
            const etaSeconds = ((performance.now() - started) / 1000) * ((rows * samples) / done - 1)
            onProgress?.({ done, total: rows * samples, etaSeconds })
            await eventLoop.turn()
          }
        }
        await work.batchDone?.(range)
      } finally {
        tf.dispose(batch)
      }
    }
  } finally {
    for (const { run } of chunks) run.dispose()
    releaseRows(x, given[0])
  }
}

interface DrawChunk {
  readonly draws: DrawRange
  readonly run: CompiledStep<readonly tf.Tensor[], Record<string, tf.Tensor>>
}

/** Cuts S draws into chunks of nearly the same size, so that at most two functions (and two compiled graphs) serve them all. */
function drawChunks<R extends Record<string, tf.Tensor>>(work: OverDraws<R>): DrawChunk[] {
  const { samples, batchSize, rows } = work.plan
  const numbersOfRow = work.model.outputs[0]!.shape.slice(1).reduce<number>((size, axis) => size * (axis ?? 1), 1)
  const most = Math.max(1, Math.min(DRAWS_AT_ONCE, Math.floor(CHUNK_NUMBERS / (Math.min(rows, batchSize) * numbersOfRow))))
  const count = Math.ceil(samples / most)
  const functions = new Map<number, DrawChunk['run']>()
  return Array.from({ length: count }, (_, chunk) => {
    const first = Math.floor((chunk * samples) / count)
    const draws = { first, count: Math.floor(((chunk + 1) * samples) / count) - first }
    const run = functions.get(draws.count) ?? compile(drawsOf(work, draws.count))
    functions.set(draws.count, run)
    return { draws, run }
  })
}

/** The pure function (counter, x, ...alongside) -> summary of `draws` draws, of which draw i uses the noise of counter + i. */
function drawsOf<R extends Record<string, tf.Tensor>>(
  { model, plan, summarize }: OverDraws<R>,
  draws: number,
): (...args: readonly tf.Tensor[]) => R {
  const { mode } = plan
  const noiseOf = drawNoise({ ...plan, seed: deriveSeed(plan.seed, SeedPurpose.predictiveNoise) })
  return (counter, x, ...alongside) =>
    tf.tidy(() => {
      let sharing: ForwardPass | undefined
      const outputs = Array.from({ length: draws }, (_, draw) => {
        const noise = noiseOf(tf.add(counter!, tf.scalar(draw, 'int32')) as tf.Scalar)
        const pass = new ForwardPass({ mode, noise, ...(sharing && { sharing }) })
        sharing ??= pass
        return model.apply(x!, { training: false, pass }) as tf.Tensor
      })
      return summarize(tf.stack(outputs), ...alongside)
    })
}
