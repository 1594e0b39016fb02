import { spawn } from 'node:child_process'

export interface CommandResult {
  /** Exit code; null where a signal ended the command. */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface CommandOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** Ends the command and everything that it started. */
  readonly signal?: AbortSignal
  readonly timeoutMs?: number
  /** Looks, once a second, whether to go on: false ends the command. */
  readonly watch?: () => boolean
}

const KEPT_CHARACTERS = 100_000

/**
 * Runs a program to its end and keeps what it said.
 *
 * The program gets a process group of its own, so that ending it also ends what it started (a compiler driver's compiler, npm's node).
 *
 * @returns how it ended; a program that does not exist ends with code 127
 * @throws the signal's reason, once the program is gone, if `signal` is aborted
 */
export async function runCommand(command: string, args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  options.signal?.throwIfAborted()
  const grouped = process.platform !== 'win32'
  const child = spawn(command, args, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: options.env ?? process.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: grouped,
    windowsHide: true,
  })
  const end = (): void => {
    for (const [signal, delay] of [
      ['SIGTERM', 0],
      ['SIGKILL', 2000],
    ] as const)
      setTimeout(() => kill(signal), delay).unref()
  }
  const kill = (signal: NodeJS.Signals): void => {
    if (child.pid === undefined) return
    try {
      if (grouped) process.kill(-child.pid, signal)
      else child.kill(signal)
    } catch {
      // It has ended already.
    }
  }
  const output = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      output[stream] = (output[stream] + text).slice(-KEPT_CHARACTERS)
    })
  }
  options.signal?.addEventListener('abort', end)
  const timeout = options.timeoutMs === undefined ? undefined : setTimeout(end, options.timeoutMs)
  const watch = options.watch === undefined ? undefined : setInterval(() => !options.watch!() && end(), 1000)
  try {
    const result = await new Promise<CommandResult>((resolve) => {
      child.on('error', (error) => resolve({ code: 127, signal: null, stdout: '', stderr: error.message }))
      child.on('close', (code, signal) => resolve({ code, signal, ...output }))
    })
    options.signal?.throwIfAborted()
    return result
  } finally {
    options.signal?.removeEventListener('abort', end)
    clearTimeout(timeout)
    clearInterval(watch)
  }
}

/** The last lines of what a failed command said: what a reader wants to see of a long log. */
export function lastWords(result: CommandResult, lines: number = 5): string {
  const said = `${result.stdout}\n${result.stderr}`
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
  const how = result.signal === null ? `exit code ${result.code}` : `ended by ${result.signal}`
  return [how, ...said.slice(-lines)].join('\n    ')
}
