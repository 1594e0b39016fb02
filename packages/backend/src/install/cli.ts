import { parseArgs } from 'node:util'
import { InstallError } from '../errors.ts'
import { NothingWorkedError, summarize } from './attempts.ts'
import { cacheRoot } from './cache.ts'
import { install } from './install.ts'
import { interruptible } from './interruptible.ts'
import { ownDownload } from './ownDownload.ts'
import { terminalProgress } from './progress.ts'
import { remove } from './remove.ts'
import type { Source, Workplace } from './source.ts'
import { status } from './status.ts'
import { findTfjsNode } from './tfjsNode.ts'
import { noWheel, wheelSource } from './wheel.ts'
import { WHEEL_RELEASES } from './wheelReleases.ts'

const USAGE = `Usage: tfjs-bayes-native install [--optional] | status [--verify] | remove

Brings the native TensorFlow library and addon that @tensorflow/tfjs-node needs, from a cache that all checkouts of this user share.

  install       find them, or download and compile, and link them into this project
    --optional  where that cannot be done: one line, exit code 0, and not tried again for a day
  status        what is there, where it comes from, whether it loads
    --verify    read every file and compare its checksum
  remove        remove the link and the cached files

Exit codes: 0 done, 1 not possible (with what was tried), 2 wrong usage, 130 or 143 interrupted.
Variables: TFJS_BAYES_CACHE names the cache's folder, CXX the compiler.`

const ONE_DAY_MS = 86_400_000

/** What the command works with; tests bring their own. */
export interface CliOptions {
  /** In the order in which to try them; default tfjs-node's own download, then the wheel of this platform. */
  readonly sources?: readonly Source[]
}

interface Arguments {
  readonly command: string
  readonly optional: boolean
  readonly verify: boolean
  readonly help: boolean
}

/**
 * The command `tfjs-bayes-native`.
 *
 * @param argv the arguments after the program's name
 * @returns the exit code: 0 done; 1 not possible, with what was tried; 2 wrong usage; 128 + the number of the signal that interrupted it
 */
export async function main(argv: readonly string[], options: CliOptions = {}): Promise<number> {
  let parsed: Arguments
  try {
    parsed = parse(argv)
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`)
    return 2
  }
  if (parsed.help) {
    console.log(USAGE)
    return 0
  }
  return await interruptible(async (signal) => {
    try {
      return await perform(parsed, signal, options.sources ?? defaultSources())
    } catch (error) {
      signal.throwIfAborted()
      return parsed.optional ? tellOnOneLine(error) : tellAtLength(error)
    }
  })
}

function parse(argv: readonly string[]): Arguments {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: { optional: { type: 'boolean' }, verify: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  })
  const { optional = false, verify = false, help = false } = values
  const [command = '', ...rest] = positionals
  if (!help) {
    if (command === '') throw new Error('A command is missing.')
    if (!['install', 'status', 'remove'].includes(command)) throw new Error(`There is no command ${JSON.stringify(command)}.`)
    if (rest.length > 0) throw new Error(`There is no argument ${JSON.stringify(rest[0])}.`)
    if (optional && command !== 'install') throw new Error('--optional belongs to install.')
    if (verify && command !== 'status') throw new Error('--verify belongs to status.')
  }
  return { command, optional, verify, help }
}

async function perform(parsed: Arguments, signal: AbortSignal, sources: readonly Source[]): Promise<number> {
  if (parsed.command === 'status') {
    const { ok, lines } = await status({ verify: parsed.verify, env: process.env, signal })
    for (const [name, text] of lines) console.log(`${name.padEnd(9)}  ${text}`)
    return ok ? 0 : 1
  }
  const root = cacheRoot()
  const work: Workplace = { tfjsNode: findTfjsNode(), env: process.env, root, progress: terminalProgress(), signal }
  if (parsed.command === 'remove') console.log(await remove(work))
  else console.log((await install(work, sources, { patience: parsed.optional ? ONE_DAY_MS : 0 })).message)
  return 0
}

function defaultSources(): readonly Source[] {
  const release = WHEEL_RELEASES[`${process.platform}-${process.arch}`]
  return [ownDownload(), release === undefined ? noWheel : wheelSource(release)]
}

function tellAtLength(error: unknown): number {
  if (error instanceof NothingWorkedError)
    console.error(`${error.message}\nUntil one of these works, tfjs-bayes runs on WebAssembly, about 20 times slower.`)
  else console.error(error instanceof InstallError ? error.message : error)
  return 1
}

function tellOnOneLine(error: unknown): number {
  const why = error instanceof NothingWorkedError ? summarize(error.attempts) : (error as Error).message.split('\n')[0]
  console.error(
    `No native backend (${why}); WebAssembly takes its place, about 20 times slower. More: npx tfjs-bayes-native install`,
  )
  return 0
}
