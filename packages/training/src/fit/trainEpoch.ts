import type { BatchSource, SourceBatch } from '../data/batchSource.ts'
import { EventLoop } from '../loop/eventLoop.ts'
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

/** Steps whose results may wait on the device before they are read. */
const MOST_PENDING = 256

/** What a run works on. */
export interface RunContext {
  readonly source: BatchSource
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
  const { source, plan, options, checkpoints, clock } = context
  const { epochs, signal, progress } = options
  const { datasetSize, batches } = plan
  const { epoch } = run.position
  const meter = new EpochMeter(epoch, run.sums)
  const eventLoop = new EventLoop()
  try {
    for await (const batch of signal?.aborted ? [] : source.epoch(epoch, run.position.batch)) {
      if (signal?.aborted) {
        batch.dispose()
        break
      }
      const position = positionOf(batch, epoch, context)
      const beta = betaAt(plan.beta, position)
      const learningRate = plan.learningRate && learningRateAt(plan.learningRate, position)
      const result = run.take(batch, { counter: position.step, beta, learningRate: learningRate ?? 0 })
      meter.add(result, { rows: batch.rows, beta, learningRate })
      run.position = { epoch, batch: batch.batch + 1 }
      clock.examples += batch.rows
      if (checkpoints?.due) {
        run.sums = await meter.sums()
        await run.requireFiniteWeights()
        await checkpoints.save(run)
      }
      if (eventLoop.due || meter.pending >= MOST_PENDING) {
        const { kl, seconds, steps: step, learningRate: _, ...figures } = epochFigures(await meter.sums(), datasetSize)
        progress?.onProgress?.({ ...figures, epoch, epochs, step, steps: batches, etaSeconds: clock.etaSeconds })
        await eventLoop.turn()
      }
      if (signal?.aborted) break
    }
    run.sums = await meter.sums()
  } finally {
    meter.dispose()
  }
  if (run.sums.steps === 0) return undefined
  await run.requireFiniteWeights()
  return { epoch, ...epochFigures(run.sums, datasetSize) }
}

function positionOf({ batch, rows: batchRows }: SourceBatch, epoch: number, { plan, options }: RunContext): TrainingPosition {
  const { batches, rows } = plan
  return { step: epoch * batches + batch, epoch, epochs: options.epochs, batch, batches, batchRows, rows }
}
