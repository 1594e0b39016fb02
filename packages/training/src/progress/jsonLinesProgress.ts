import type { ProgressReporter } from './progressReporter.ts'
import type { TextStream } from './terminalProgress.ts'

/** An interval that a reader of the lines can live with. */
const INTERVAL_SECONDS = 1

/**
 * Reports a run as JSON lines for other programs: `{"type": "progress" | "epoch" | "end", ...}`, with the fields of `TrainingProgress`, `EpochRecord` and
 * `History` (without its epochs, which have had their lines).
 *
 * @param stream default `process.stdout`
 * @returns the reporter, for `progress` of `fit`
 */
export function jsonLinesProgress(stream: TextStream = process.stdout): ProgressReporter {
  let last = Number.NEGATIVE_INFINITY
  const line = (type: string, value: object): void => {
    stream.write(`${JSON.stringify({ type, ...value })}\n`)
  }
  return {
    onProgress(progress) {
      if (performance.now() - last < INTERVAL_SECONDS * 1000) return
      last = performance.now()
      line('progress', progress)
    },
    onEpoch: (record) => line('epoch', record),
    onEnd: ({ epochs, ...rest }) => line('end', rest),
  }
}
