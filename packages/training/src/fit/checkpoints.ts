import type { CheckpointStore } from '../checkpoint/checkpoint.ts'
import type { RunDescription } from '../checkpoint/runDescription.ts'
import type { Run } from './run.ts'

/** Where and how often a run is saved. */
export interface CheckpointOptions {
  readonly store: CheckpointStore
  /** Seconds of work that a killed process may lose, 0 or more; default 30. With 0 every step is saved. */
  readonly everySeconds?: number
}

const DEFAULT_SECONDS = 30

/** Saves a run when it is time to. */
export class Checkpoints {
  readonly #store: CheckpointStore
  readonly #interval: number
  readonly #description: RunDescription
  #last = performance.now()

  constructor({ store, everySeconds = DEFAULT_SECONDS }: CheckpointOptions, description: RunDescription) {
    this.#store = store
    this.#interval = everySeconds * 1000
    this.#description = description
  }

  /** Takes up a run where the store's newest checkpoint left it. */
  async resume(run: Run): Promise<void> {
    const checkpoint = await this.#store.latest()
    if (checkpoint) run.restore(checkpoint, this.#description)
  }

  get due(): boolean {
    return performance.now() - this.#last >= this.#interval
  }

  /** Saves a run, whose sums must hold every step so far. */
  async save(run: Run): Promise<void> {
    await this.#store.save(await run.checkpoint(this.#description))
    this.#last = performance.now()
  }
}
