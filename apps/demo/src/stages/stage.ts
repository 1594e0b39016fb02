import type { TextStream } from '@tfjs-bayes/training'
import type { RunFolder } from '../run/runFolder.ts'

/** What every stage works with. */
export interface Stage {
  readonly folder: RunFolder
  /** Prints a line of results. */
  readonly say: (line: string) => void
  /** Where progress goes. */
  readonly progress: TextStream
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal
}

/**
 * One line that is redrawn on a terminal while something long runs; silent in a pipe.
 *
 * @returns `update` for the text, `clear` for the end
 */
export function statusLine(stream: TextStream): { update(text: string): void; clear(): void } {
  if (!stream.isTTY) return { update: () => {}, clear: () => {} }
  return {
    update: (text) => stream.write(`\r\x1b[K${text.slice(0, (stream.columns ?? 80) - 1)}`),
    clear: () => stream.write('\r\x1b[K'),
  }
}
