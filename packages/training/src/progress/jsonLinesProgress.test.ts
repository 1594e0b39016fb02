import { expect, test } from 'vitest'
import type { EpochRecord } from '../fit/history.ts'
import { jsonLinesProgress } from './jsonLinesProgress.ts'
import type { TrainingProgress } from './progressReporter.ts'

test('every line is one JSON object with its type; progress comes once a second at most', () => {
  const written: string[] = []
  const reporter = jsonLinesProgress({ write: (text) => written.push(text) })
  const progress = { epoch: 0, epochs: 2, step: 1, steps: 3, nll: 0.5 } as TrainingProgress
  const record = { epoch: 0, steps: 3, nll: 0.25 } as EpochRecord
  reporter.onProgress?.(progress)
  reporter.onProgress?.({ ...progress, step: 2 })
  reporter.onEpoch?.(record)
  reporter.onEnd?.({ epochs: [record], stopped: 'finished', execution: { compiled: true } })
  expect(written.every((line) => line.endsWith('\n') && line.indexOf('\n') === line.length - 1)).toBe(true)
  expect(written.map((line) => JSON.parse(line) as unknown)).toEqual([
    { type: 'progress', ...progress },
    { type: 'epoch', ...record },
    { type: 'end', stopped: 'finished', execution: { compiled: true } },
  ])
})
