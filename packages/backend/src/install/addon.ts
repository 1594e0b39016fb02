import { existsSync, mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { InstallError } from '../errors.ts'
import { lastWords, runCommand } from './runCommand.ts'
import type { Workplace } from './source.ts'
import { ADDON_FILE } from './tfjsNode.ts'

export interface Compiler {
  readonly command: string
  /** First line of what `--version` says. */
  readonly version: string
}

/** Finds a C++ compiler: the one that the variable CXX names, else g++, clang++ or c++. */
export async function findCompiler(env: NodeJS.ProcessEnv): Promise<Compiler | undefined> {
  for (const command of [env['CXX'], 'g++', 'clang++', 'c++']) {
    if (!command) continue
    const result = await runCommand(command, ['--version'], { env, timeoutMs: 20_000 })
    if (result.code === 0) return { command, version: result.stdout.split('\n')[0]!.trim() }
  }
  return undefined
}

/**
 * Compiles tfjs-node's addon, from the C++ sources in its npm package, against the libraries in `folder/deps/lib`.
 *
 * It is plain Node-API: one compiler call, no node-gyp, and it runs on every later Node. It finds the libraries by a path relative to itself,
 * so the folder can be renamed.
 *
 * @param folder gets the addon under tfjs-node's `addonFolder`
 * @param options.headers folder of TensorFlow's C headers
 * @param options.libraries names of the libraries in `deps/lib`
 * @throws InstallError `compile-failed`
 */
export async function compileAddon(
  folder: string,
  options: {
    readonly compiler: Compiler
    readonly headers: string
    readonly libraries: readonly string[]
    readonly scratch: string
  },
  work: Workplace,
): Promise<void> {
  const output = join(folder, work.tfjsNode.addonFolder, ADDON_FILE)
  mkdirSync(dirname(output), { recursive: true })
  const sources = ['tfjs_backend.cc', 'tfjs_binding.cc'].map((file) => join(work.tfjsNode.folder, 'binding', file))
  const lacking = sources.find((file) => !existsSync(file))
  if (lacking !== undefined) throw new InstallError('compile-failed', `tfjs-node ${work.tfjsNode.version} has no ${lacking}`)
  const apple = process.platform === 'darwin'
  const origin = apple ? '@loader_path' : '$ORIGIN'
  const args = [
    ...[
      '-O2',
      '-std=c++17',
      '-fPIC',
      '-w',
      '-DNAPI_VERSION=8',
      '-DNODE_GYP_MODULE_NAME=tfjs_binding',
      '-DBUILDING_NODE_EXTENSION',
    ],
    ...(apple ? ['-bundle', '-undefined', 'dynamic_lookup'] : ['-shared']),
    ...['-I', nodeApiHeaders(), '-I', options.headers],
    ...sources,
    ...['-o', output],
    ...options.libraries.map((library) => join(folder, 'deps', 'lib', library)),
    `-Wl,-rpath,${origin}/../../deps/lib`,
  ]
  const env = { ...work.env, TMPDIR: options.scratch }
  const result = await runCommand(options.compiler.command, args, { env, signal: work.signal })
  if (result.code !== 0 || !existsSync(output))
    throw new InstallError(
      'compile-failed',
      `${options.compiler.command} could not compile tfjs-node's addon: ${lastWords(result, 12)}`,
    )
}

/** The headers of Node-API, from the npm package: Node's own are not part of every Node. */
function nodeApiHeaders(): string {
  const require = createRequire(import.meta.url)
  return join(dirname(require.resolve('node-api-headers/package.json')), 'include')
}
