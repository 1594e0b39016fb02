import { readFileSync } from 'node:fs'
import { cpus, release } from 'node:os'
import { lastWords, runCommand } from './runCommand.ts'

export type LoadCheck = { readonly loads: true; readonly tensorflow: string } | { readonly loads: false; readonly reason: string }

/**
 * Loads an addon for a trial, in a process of its own: a library built for another processor ends the process that loads it.
 *
 * @param path the addon
 */
export async function checkLoads(
  path: string,
  options: { env?: NodeJS.ProcessEnv; signal?: AbortSignal } = {},
): Promise<LoadCheck> {
  const program = "process.stdout.write('<' + require(process.argv[1]).TF_Version + '>')"
  const env = { ...(options.env ?? process.env), TF_CPP_MIN_LOG_LEVEL: '3' }
  const result = await runCommand(process.execPath, ['--eval', program, path], {
    env,
    timeoutMs: 120_000,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  })
  const version = /<(.*)>$/.exec(result.stdout)?.[1]
  if (result.code === 0 && version !== undefined) return { loads: true, tensorflow: version }
  if (result.signal === 'SIGILL' || result.signal === 'SIGABRT')
    return {
      loads: false,
      reason: `loading it ended the process with ${result.signal}: this processor may lack instructions that it uses (AVX)`,
    }
  const error = /^\s*(?:Error: )(.*)$/m.exec(result.stderr)?.[1]
  return { loads: false, reason: error ?? lastWords(result) }
}

/** What decides whether an addon that has loaded once loads again: this Node, this system's libraries, this processor. */
export function systemFingerprint(): string {
  return [process.version, `${process.platform}-${process.arch}`, systemName(), cpus()[0]?.model ?? ''].join(' | ')
}

function systemName(): string {
  try {
    const fields = readFileSync('/etc/os-release', 'utf8')
    return ['ID', 'VERSION_ID'].map((key) => new RegExp(`^${key}="?([^"\n]*)`, 'm').exec(fields)?.[1] ?? '').join(' ')
  } catch {
    return release()
  }
}
