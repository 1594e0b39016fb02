const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Runs `work` so that Ctrl-C and `kill` abort its signal; it then cleans up behind itself.
 *
 * @returns what `work` returns, or 128 + the number of the signal that interrupted it
 */
export async function interruptible(work: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const controller = new AbortController()
  let code = 0
  const stop = (_name: NodeJS.Signals, number: number): void => {
    code = 128 + number
    controller.abort(new Error('interrupted'))
  }
  for (const name of SIGNALS) process.on(name, stop)
  try {
    return await work(controller.signal)
  } catch (error) {
    if (!controller.signal.aborted) throw error
    console.error('Interrupted; nothing is left half-done.')
    return code
  } finally {
    for (const name of SIGNALS) process.off(name, stop)
  }
}
