import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'
import { InstallError } from '../errors.ts'
import { sizeOf } from './cache.ts'
import { runStep } from './progress.ts'
import { lastWords, runCommand } from './runCommand.ts'
import type { Source, Workplace } from './source.ts'
import { ADDON_FILE } from './tfjsNode.ts'

/** How long a download may be silent: a proxy that answers nothing must not hold an install. */
export interface Patience {
  /** Until its first byte. */
  readonly startMs: number
  /** Later on; it may also compile. */
  readonly stallMs: number
}

/**
 * The source that lets tfjs-node's own install script do its work: a libtensorflow and an addon from a storage bucket.
 *
 * The script knows mirrors (TFJS_NODE_CDN_STORAGE, TFJS_NODE_BASE_URI) and proxies; nothing of that is repeated here. It writes into its own
 * package, so it runs in a copy of the parts that it needs.
 */
export function ownDownload(patience: Patience = { startMs: 15_000, stallMs: 120_000 }): Source {
  return {
    id: 'own-download',
    title: 'tfjs-node’s own download',
    missing: async ({ tfjsNode }) =>
      existsSync(join(tfjsNode.folder, 'scripts', 'install.js'))
        ? []
        : [{ what: 'its install script', remedy: `${tfjsNode.folder} has none: install the package again` }],
    make: async (folder, work) => {
      const copy = copyPackage(folder, work)
      await runStep(work.progress, 'trying tfjs-node’s own download', undefined, () => runInstallScript(copy, work, patience))
      renameSync(join(copy, 'lib'), join(folder, 'lib'))
      mkdirSync(join(folder, 'deps'))
      renameSync(join(copy, 'deps', 'lib'), join(folder, 'deps', 'lib'))
      return `tfjs-node’s own download, libtensorflow ${libraryVersion(work)}`
    },
  }
}

function copyPackage(folder: string, { tfjsNode }: Workplace): string {
  const copy = join(folder, 'scratch', 'tfjs-node')
  for (const part of ['package.json', 'binding.gyp', 'binding', 'scripts']) {
    const from = join(tfjsNode.folder, part)
    if (existsSync(from)) cpSync(from, join(copy, part), { recursive: true, dereference: true })
  }
  return copy
}

async function runInstallScript(copy: string, work: Workplace, { startMs, stallMs }: Patience): Promise<void> {
  const requireThere = createRequire(join(work.tfjsNode.folder, 'package.json'))
  const env = {
    ...work.env,
    // The copy has no node_modules: its script finds what it requires where the package itself would.
    NODE_PATH: (requireThere.resolve.paths('rimraf') ?? []).join(delimiter),
    PATH: [commandFolder(copy, requireThere), work.env['PATH'] ?? ''].join(delimiter),
  }
  let size = 0
  let grown = Date.now()
  let silence: number | undefined
  const watch = (): boolean => {
    const now = ['deps', 'lib', 'build'].reduce((sum, part) => sum + sizeOf(join(copy, part)), 0)
    if (now !== size) grown = Date.now()
    size = now
    const patience = size > 0 ? stallMs : startMs
    if (Date.now() - grown >= patience) silence = patience
    return silence === undefined
  }
  const result = await runCommand(process.execPath, [join('scripts', 'install.js')], {
    cwd: copy,
    env,
    signal: work.signal,
    watch,
  })
  if (result.code === 0 && existsSync(join(copy, work.tfjsNode.addonFolder, ADDON_FILE)) && existsSync(join(copy, 'deps', 'lib')))
    return
  const error = ERROR_LINE.exec(result.stderr)?.[0]
  const network = NETWORK_ERROR.exec(error ?? '')?.[0]
  const reason =
    silence !== undefined
      ? `nothing came for ${Math.round(silence / 1000)} s`
      : network !== undefined
        ? `its storage bucket cannot be reached from here (${network})`
        : `its install script failed: ${error?.replace(/^Error: /, '') ?? lastWords(result)}`
  throw new InstallError('download-failed', reason)
}

/** How Node names an error that nobody caught. */
const ERROR_LINE = /^\w*Error(?: \[\w+\])?: .*$/m
const NETWORK_ERROR = /\b(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH)\b[^\]]*/

/** A folder for PATH with the one command that the script calls by name. */
function commandFolder(copy: string, requireThere: NodeJS.Require): string {
  const folder = join(copy, 'commands')
  mkdirSync(folder)
  const manifestPath = requireThere.resolve('@mapbox/node-pre-gyp/package.json')
  const program = join(dirname(manifestPath), 'bin', 'node-pre-gyp')
  const [file, text] =
    process.platform === 'win32'
      ? ['node-pre-gyp.cmd', `@"${process.execPath}" "${program}" %*\r\n`]
      : ['node-pre-gyp', `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`]
  writeFileSync(join(folder, file), text)
  chmodSync(join(folder, file), 0o755)
  return folder
}

function libraryVersion({ tfjsNode }: Workplace): string {
  const constants = readFileSync(join(tfjsNode.folder, 'scripts', 'deps-constants.js'), 'utf8')
  return /LIBTENSORFLOW_VERSION = '([^']+)'/.exec(constants)?.[1] ?? '(version unknown)'
}
