export interface Progress {
  /** Starts a step; `totalBytes` where its size is known. */
  begin(title: string, totalBytes?: number): void
  /** Bytes done of the running step. */
  update(doneBytes: number): void
  /** Ends the running step; `note` says what came of it. */
  end(note?: string): void
}

/** Runs one step under a progress display, which it also ends where the step fails. */
export async function runStep<T>(
  progress: Progress,
  title: string,
  totalBytes: number | undefined,
  work: (update: (doneBytes: number) => void) => Promise<T>,
): Promise<T> {
  progress.begin(title, totalBytes)
  let finished = false
  try {
    const result = await work((doneBytes) => progress.update(doneBytes))
    finished = true
    return result
  } finally {
    progress.end(finished ? 'done' : 'stopped')
  }
}

interface Output {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

/**
 * Shows the steps of an install: one line that is redrawn on a terminal, plain lines (a step's start, its quarters, its end) elsewhere.
 *
 * @param output where to write; default stderr, so that stdout keeps the answer
 */
export function terminalProgress(output: Output = process.stderr): Progress {
  return output.isTTY ? new LiveProgress(output) : new PlainProgress(output)
}

class PlainProgress implements Progress {
  #title = ''
  #total: number | undefined
  #quarter = 0
  #begun = 0
  readonly #output: Output

  constructor(output: Output) {
    this.#output = output
  }

  begin(title: string, totalBytes?: number): void {
    this.#title = title
    this.#total = totalBytes
    this.#quarter = 0
    this.#begun = performance.now()
    this.#output.write(`${title} …\n`)
  }

  update(doneBytes: number): void {
    if (this.#total === undefined) return
    const quarter = Math.min(3, Math.floor((4 * doneBytes) / this.#total))
    if (quarter <= this.#quarter) return
    this.#quarter = quarter
    this.#output.write(`${this.#title}: ${25 * quarter} % of ${megabytes(this.#total)}\n`)
  }

  end(note: string = 'done'): void {
    this.#output.write(`${this.#title}: ${note} (${seconds(performance.now() - this.#begun)})\n`)
  }
}

const BAR_WIDTH = 24
const REDRAW_MS = 100

class LiveProgress implements Progress {
  #title = ''
  #total: number | undefined
  #done = 0
  #begun = 0
  #drawn = 0
  #clock: NodeJS.Timeout | undefined
  readonly #output: Output

  constructor(output: Output) {
    this.#output = output
  }

  begin(title: string, totalBytes?: number): void {
    this.#title = title
    this.#total = totalBytes
    this.#done = 0
    this.#begun = performance.now()
    clearInterval(this.#clock)
    this.#clock = setInterval(() => this.#draw(), 1000).unref()
    this.#draw()
  }

  update(doneBytes: number): void {
    this.#done = doneBytes
    if (performance.now() - this.#drawn >= REDRAW_MS) this.#draw()
  }

  end(note: string = 'done'): void {
    clearInterval(this.#clock)
    this.#write(`${this.#title}: ${note} (${seconds(performance.now() - this.#begun)})`, '\n')
  }

  #draw(): void {
    this.#drawn = performance.now()
    const elapsed = this.#drawn - this.#begun
    if (this.#total === undefined) {
      this.#write(`${this.#title} … ${seconds(elapsed)}`)
      return
    }
    const share = Math.min(1, this.#done / this.#total)
    const rate = this.#done / Math.max(elapsed, 1)
    const filled = Math.round(share * BAR_WIDTH)
    const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled)
    const remaining = rate > 0 && share < 1 ? `, ${seconds((this.#total - this.#done) / rate)} left` : ''
    this.#write(
      `${this.#title} ${bar} ${megabytes(this.#done)} of ${megabytes(this.#total)}, ${megabytes(1000 * rate)}/s${remaining}`,
    )
  }

  #write(line: string, end: string = ''): void {
    const width = (this.#output.columns ?? 80) - 1
    const shown = end === '' && line.length > width ? `${line.slice(0, width - 1)}…` : line
    this.#output.write(`\r\u001b[2K${shown}${end}`)
  }
}

/** Bytes as people read them. */
export function megabytes(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(2)} GB` : `${Math.round(bytes / 1e6)} MB`
}

const seconds = (milliseconds: number): string =>
  milliseconds < 9950 ? `${(milliseconds / 1000).toFixed(1)} s` : `${Math.round(milliseconds / 1000)} s`
