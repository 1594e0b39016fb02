/** How long training may keep the event loop from timers, signals and the screen. */
const TURN_MILLISECONDS = 50

/** Lets the event loop turn now and then, so that Ctrl-C, timers and rendering get through a loop of synchronous steps. */
export class EventLoop {
  #last = performance.now()

  /** Whether the loop has been held for so long that it should turn. */
  get due(): boolean {
    return performance.now() - this.#last >= TURN_MILLISECONDS
  }

  async turn(): Promise<void> {
    await new Promise<void>((resolve) => {
      // setTimeout would wait a millisecond in Node, and requestAnimationFrame forever in a hidden browser tab.
      if (typeof setImmediate === 'function') setImmediate(resolve)
      else setTimeout(resolve, 0)
    })
    this.#last = performance.now()
  }
}
