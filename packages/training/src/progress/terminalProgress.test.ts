import { expect, test } from 'vitest'
import type { EpochRecord } from '../fit/history.ts'
import { formatDuration } from './formatDuration.ts'
import type { TrainingProgress } from './progressReporter.ts'
import { terminalProgress } from './terminalProgress.ts'

const progress: TrainingProgress = {
  epoch: 1,
  epochs: 10,
  step: 50,
  steps: 200,
  examples: 6400,
  examplesPerSecond: 12_345.6,
  etaSeconds: 83,
  elbo: -0.61234,
  nll: 0.5,
  klPerExample: 0.11234,
  beta: 1,
}
const record: EpochRecord = {
  epoch: 1,
  steps: 200,
  examples: 25_600,
  elbo: -0.6,
  nll: 0.5,
  kl: 2560,
  klPerExample: 0.1,
  beta: 1,
  seconds: 2.04,
  examplesPerSecond: 12_549,
  validation: { elbo: -0.7, nll: 0.6, error: 0.0312 },
}

function recorder(properties: { isTTY?: boolean; columns?: number }) {
  const written: string[] = []
  return { written, stream: { ...properties, write: (text: string) => written.push(text) } }
}

test('a terminal gets one redrawn line with bar, rate, time left, ELBO, NLL and KL per example', () => {
  const { written, stream } = recorder({ isTTY: true, columns: 200 })
  const reporter = terminalProgress(stream)
  reporter.onProgress?.(progress)
  expect(written[0]).toBe(
    '\r\x1b[K██████░░░░░░░░░░░░░░░░░░ epoch 2/10 25%  12346/s  ETA 1:23  ELBO -0.6123  NLL 0.5000  KL/N 0.1123',
  )
  reporter.onEpoch?.(record)
  expect(written[1]).toBe(
    '\r\x1b[Kepoch 2  ELBO -0.6000  NLL 0.5000  KL/N 0.1000  val ELBO -0.7000  NLL 0.6000  error 0.0312  2.0 s, 12549/s\n',
  )
})

test('a narrow terminal gets a line that does not wrap', () => {
  const { written, stream } = recorder({ isTTY: true, columns: 40 })
  terminalProgress(stream).onProgress?.(progress)
  expect(written[0]!.replace('\r\x1b[K', '')).toHaveLength(39)
})

test('a pipe gets whole lines without control characters, one an epoch', () => {
  const { written, stream } = recorder({})
  const reporter = terminalProgress(stream)
  for (let step = 1; step <= 200; step++) reporter.onProgress?.({ ...progress, step })
  reporter.onEpoch?.(record)
  reporter.onEnd?.({ epochs: [record], stopped: 'finished', execution: { compiled: true } })
  const text = written.join('')
  expect(text.split('\n')).toHaveLength(2)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: their absence is what is tested
  expect(text).not.toMatch(/[\r\x1b]/)
})

test('a beta other than 1, an abort and steps that are no graph are shown', () => {
  const { written, stream } = recorder({})
  const reporter = terminalProgress(stream)
  reporter.onEpoch?.({ ...record, beta: 0.25 })
  reporter.onEnd?.({ epochs: [record], stopped: 'aborted', execution: { compiled: false, reason: 'because' } })
  expect(written[0]).toContain('beta 0.25')
  expect(written[1]).toMatch(/^stopped in epoch 1.*\nthe steps did not run as one graph: because\n$/)
})

test('a reason for steps that are no graph is given once in a process, another one again', () => {
  const { written, stream } = recorder({})
  for (const reason of ['no graphs here', 'no graphs here', 'nor there']) {
    terminalProgress(stream).onEnd?.({ epochs: [record], stopped: 'finished', execution: { compiled: false, reason } })
  }
  expect(written).toEqual([
    'the steps did not run as one graph: no graphs here\n',
    '',
    'the steps did not run as one graph: nor there\n',
  ])
})

test('durations', () => {
  expect([0, 0.44, 42.4, 59.7, 185, 3723, Number.POSITIVE_INFINITY, Number.NaN].map(formatDuration)).toEqual([
    '0.0 s',
    '0.4 s',
    '42 s',
    '1:00',
    '3:05',
    '1:02:03',
    '?',
    '?',
  ])
})
