import type { EpochRecord, History } from '../fit/history.ts'
import { formatDuration } from './formatDuration.ts'
import type { ProgressReporter, TrainingProgress } from './progressReporter.ts'

/** What a terminal must offer; `process.stderr` and `process.stdout` do. */
export interface TextStream {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

const BAR_WIDTH = 24
const CLEAR_LINE = '\r\x1b[K'
/** A piped run says something at least this often within a long epoch. */
const PLAIN_INTERVAL_SECONDS = 30

/**
 * Shows a training run: on a terminal one line that is redrawn, with bar, rate, time left, ELBO, NLL and KL per example, and one that stays for
 * each epoch; into a pipe or a file plain lines without control characters.
 *
 * @param stream default `process.stderr`, so that a program's own output stays clean
 * @returns the reporter, for `progress` of `fit`
 */
export function terminalProgress(stream: TextStream = process.stderr): ProgressReporter {
  return stream.isTTY ? redrawnLine(stream) : plainLines(stream)
}

function redrawnLine(stream: TextStream): ProgressReporter {
  return {
    onProgress(progress) {
      stream.write(CLEAR_LINE + fitted(progressLine(progress), stream.columns))
    },
    onEpoch(record) {
      stream.write(`${CLEAR_LINE}${epochLine(record)}\n`)
    },
    onEnd(history) {
      stream.write(CLEAR_LINE + endLine(history))
    },
  }
}

function plainLines(stream: TextStream): ProgressReporter {
  let last = performance.now()
  return {
    onProgress(progress) {
      if (progress.step === progress.steps || performance.now() - last < PLAIN_INTERVAL_SECONDS * 1000) return
      last = performance.now()
      stream.write(`${progressFigures(progress)}\n`)
    },
    onEpoch(record) {
      last = performance.now()
      stream.write(`${epochLine(record)}\n`)
    },
    onEnd(history) {
      stream.write(endLine(history))
    },
  }
}

function progressLine(progress: TrainingProgress): string {
  const filled = Math.round((progress.step / progress.steps) * BAR_WIDTH)
  return `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)} ${progressFigures(progress)}`
}

function progressFigures(progress: TrainingProgress): string {
  const share = Math.floor((progress.step / progress.steps) * 100)
  return [
    `epoch ${progress.epoch + 1}/${progress.epochs} ${share}%`,
    `${Math.round(progress.examplesPerSecond)}/s`,
    `ETA ${formatDuration(progress.etaSeconds)}`,
    ...elboFigures(progress),
  ].join('  ')
}

function epochLine(record: EpochRecord): string {
  const { validation } = record
  const held = validation && [
    `val ELBO ${nats(validation.elbo)}`,
    `NLL ${nats(validation.nll)}`,
    ...(validation.error === undefined ? [] : [`error ${validation.error.toPrecision(3)}`]),
  ]
  return [
    `epoch ${record.epoch + 1}`,
    ...elboFigures(record),
    ...(held ?? []),
    `${formatDuration(record.seconds)}, ${Math.round(record.examplesPerSecond)}/s`,
  ].join('  ')
}

/** Reasons that were given: what a backend cannot do is news once in a process, not after each of many runs. */
const given = new Set<string>()

function endLine({ stopped, epochs, execution }: History): string {
  const slow =
    execution.reason === undefined || given.has(execution.reason)
      ? ''
      : `the steps did not run as one graph: ${execution.reason}\n`
  if (execution.reason !== undefined) given.add(execution.reason)
  const aborted =
    stopped === 'aborted' ? `stopped in epoch ${epochs.length}; the model is as the last finished step left it\n` : ''
  return aborted + slow
}

const elboFigures = ({ elbo, nll, klPerExample, beta }: TrainingProgress | EpochRecord): string[] => [
  `ELBO ${nats(elbo)}`,
  `NLL ${nats(nll)}`,
  `KL/N ${nats(klPerExample)}`,
  ...(beta === 1 ? [] : [`beta ${Number(beta.toPrecision(3))}`]),
]

const nats = (value: number): string => value.toFixed(4)

/** A line longer than the terminal would wrap, and a wrapped line cannot be redrawn. */
const fitted = (line: string, columns: number | undefined): string =>
  columns !== undefined && line.length >= columns ? line.slice(0, Math.max(0, columns - 1)) : line
