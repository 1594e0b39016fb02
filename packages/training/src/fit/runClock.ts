/** Time and work of a run in this process, validation included. */
export class RunClock {
  /** Rows that went through a step. */
  examples = 0
  readonly #total: number
  readonly #started = performance.now()

  /** @param total rows that the whole run will put through a step */
  constructor(total: number) {
    this.#total = total
  }

  /** Seconds to the end at the pace so far. */
  get etaSeconds(): number {
    const seconds = (performance.now() - this.#started) / 1000
    return (seconds / this.examples) * (this.#total - this.examples)
  }
}
