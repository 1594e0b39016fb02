import * as tf from '@tensorflow/tfjs'
import type { PreparedData } from '../data/labelledData.ts'
import { type BatchRange, batchRanges } from '../loop/batchRanges.ts'
import { EventLoop } from '../loop/eventLoop.ts'
import { shuffledOrder } from '../random/shuffledOrder.ts'
import { betaAt } from '../schedules/betaSchedule.ts'
import { learningRateAt } from '../schedules/learningRateSchedule.ts'
import type { TrainingPosition } from '../schedules/trainingPosition.ts'
import type { Checkpoints } from './checkpoints.ts'
import { EpochMeter, epochFigures } from './epochMeter.ts'
import type { FitOptions } from './fitOptions.ts'
import type { FitPlan } from './fitPlan.ts'
import type { EpochRecord } from './history.ts'
import type { Run } from './run.ts'
import type { RunClock } from './runClock.ts'
import type { TrainingStep, TrainingStepResult } from './trainingStep.ts'

/** Steps whose results may wait on the device before they are read. */
const MOST_PENDING = 256

/** What a run works on. */
export interface RunContext {
  readonly training: PreparedData
  readonly plan: FitPlan
  readonly options: FitOptions
  readonly checkpoints: Checkpoints | undefined
  readonly clock: RunClock
}

/**
 * Takes the steps of the epoch in which a run is, from where it is, until the epoch or the signal ends it.
 *
 * @returns the epoch so far; undefined where no step of it was taken
 */
export async function trainEpoch(run: Run, context: RunContext): Promise<EpochRecord | undefined> {
  const { training, plan, options, checkpoints, clock } = context
  const { seed, epochs, signal, progress } = options
  const { rows, datasetSize } = plan
  const { epoch } = run.position
  const order = shuffledOrder(rows, seed, epoch)
  const ranges = batchRanges(rows, plan.batchSize)
  const meter = new EpochMeter(epoch, run.sums)
  const eventLoop = new EventLoop()
  try {
    for (const range of ranges.slice(run.position.batch)) {
      if (signal?.aborted) break
      const position = positionOf(range, ranges.length, epoch, options, rows)
      const beta = betaAt(plan.beta, position)
      const learningRate = plan.learningRate ? learningRateAt(plan.learningRate, position) : 0
      meter.add(takeStep(run.step, training, order, range, { counter: position.step, beta, learningRate }), range.rows, beta)
      run.position = { epoch, batch: range.batch + 1 }
      clock.examples += range.rows
      if (checkpoints?.due) {
        run.sums = await meter.sums()
        await run.requireFiniteWeights()
        await checkpoints.save(run)
      }
      if (eventLoop.due || meter.pending >= MOST_PENDING) {
        const { kl, seconds, steps: step, ...figures } = epochFigures(await meter.sums(), datasetSize)
        progress?.onProgress?.({ ...figures, epoch, epochs, step, steps: ranges.length, etaSeconds: clock.etaSeconds })
        await eventLoop.turn()
      }
    }
    run.sums = await meter.sums()
  } finally {
    meter.dispose()
  }
  if (run.sums.steps === 0) return undefined
  await run.requireFiniteWeights()
  const last = positionOf(ranges[run.position.batch - 1]!, ranges.length, epoch, options, rows)
  const rate = plan.learningRate ? { learningRate: learningRateAt(plan.learningRate, last) } : {}
  return { epoch, ...epochFigures(run.sums, datasetSize), ...rate }
}

function positionOf(
  { batch, rows: batchRows }: BatchRange,
  batches: number,
  epoch: number,
  { epochs }: FitOptions,
  rows: number,
): TrainingPosition {
  return { step: epoch * batches + batch, epoch, epochs, batch, batches, batchRows, rows }
}

/** Gathers the rows of one batch, not the whole data set in its new order, and takes the step. */
function takeStep(
  step: TrainingStep,
  { x, y }: PreparedData,
  order: Int32Array,
  { start, rows }: BatchRange,
  scalars: { readonly counter: number; readonly beta: number; readonly learningRate: number },
): TrainingStepResult {
  return tf.tidy(() => {
    const indices = tf.tensor1d(order.subarray(start, start + rows), 'int32')
    const counter = tf.scalar(scalars.counter, 'int32')
    return step(tf.gather(x, indices), tf.gather(y, indices), counter, tf.scalar(scalars.beta), tf.scalar(scalars.learningRate))
  })
}
