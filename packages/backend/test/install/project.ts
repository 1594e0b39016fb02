import { spawn } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { onTestFinished } from 'vitest'

const packageFolder = fileURLToPath(new URL('../..', import.meta.url))
const requireHere = createRequire(import.meta.url)

/**
 * A project that has installed this package and a tfjs-node, in a temporary folder: what the command and `./node` meet at a user's.
 *
 * The package is this one's sources, translated to JavaScript; tfjs and its WebAssembly backend are the real ones. tfjs-node is a small fake
 * that looks for its addon where the real one does, so that no test downloads or loads TensorFlow. pip and the compiler are `fakes.ts`.
 */
export class Project {
  readonly folder: string = temporaryFolder('project')
  readonly tfjsNode: string = join(this.folder, 'node_modules', '@tensorflow', 'tfjs-node')

  constructor(options: { readonly tfjsNode?: boolean; readonly wasm?: boolean } = {}) {
    const modules = join(this.folder, 'node_modules')
    const backend = join(modules, '@tfjs-bayes', 'backend')
    writeFile(join(backend, 'package.json'), readFileSync(join(packageFolder, 'package.json')))
    for (const [path, text] of translatedSources()) writeFile(join(backend, 'dist', path), text)
    linkPackage(modules, 'node-api-headers')
    linkPackage(modules, '@tensorflow/tfjs')
    if (options.wasm !== false) linkPackage(modules, '@tensorflow/tfjs-backend-wasm')
    if (options.tfjsNode !== false) writeFakeTfjsNode(this.tfjsNode)
  }

  /** The addon folder of tfjs-node: what the command links. */
  get addonFolder(): string {
    return join(this.tfjsNode, 'lib', 'napi-v8')
  }

  /** Runs a module's text with this package in reach of its imports. */
  run(text: string, env: Record<string, string> = {}, args: readonly string[] = []): Run {
    const script = join(this.folder, `script-${Math.random().toString(36).slice(2)}.mjs`)
    writeFileSync(script, text)
    return new Run([script, ...args], { ...cleanEnvironment(), ...env })
  }
}

/** A running Node process and all it says. */
export class Run {
  stdout = ''
  stderr = ''
  readonly id: number
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
  readonly #kill: (signal: NodeJS.Signals) => boolean

  constructor(args: readonly string[], env: Record<string, string>) {
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    this.id = child.pid!
    this.#kill = (signal) => child.kill(signal)
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    this.ended = new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal })))
  }

  kill(signal: NodeJS.Signals): void {
    this.#kill(signal)
  }
}

/** Waits until `condition` holds. */
export async function eventually(condition: () => boolean, what: string): Promise<void> {
  const start = Date.now()
  while (!condition()) {
    if (Date.now() - start > 30_000) throw new Error(`waited in vain until ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

export function temporaryFolder(name: string): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), `tfjs-bayes-${name}-`)))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Writes a program of JavaScript text that a shell, or PATH, finds under its name. */
export function writeProgram(path: string, text: string): void {
  writeFile(path, `#!${process.execPath}\n${text}`)
  chmodSync(path, 0o755)
}

export function writeFile(path: string, text: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

/** This machine's variables without those that steer what is tested; PATH is empty. */
function cleanEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name]) => !/^(TFJS|TF_|CXX|XDG_|NODE_|PIP_|PATH$|VITEST)/.test(name))
  return { ...(Object.fromEntries(kept) as Record<string, string>), PATH: '' }
}

let translated: ReadonlyMap<string, string> | undefined

/** What `tsc` makes of the sources, without checking types: that is another command's work. */
function translatedSources(): ReadonlyMap<string, string> {
  if (translated !== undefined) return translated
  const compilerOptions: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    verbatimModuleSyntax: true,
    rewriteRelativeImportExtensions: true,
  }
  const sources = join(packageFolder, 'src')
  const files = (readdirSync(sources, { recursive: true }) as string[]).filter((path) =>
    /(?<!\.test|\.test-d|\.d)\.ts$/.test(path),
  )
  translated = new Map(
    files.map((path) => {
      const fileName = join(sources, path)
      const options = { compilerOptions, fileName: fileName.replace(/\.ts$/, '.mts') }
      return [path.replace(/\.ts$/, '.js'), ts.transpileModule(readFileSync(fileName, 'utf8'), options).outputText]
    }),
  )
  return translated
}

function linkPackage(modules: string, name: string): void {
  const target = dirname(requireHere.resolve(`${name}/package.json`))
  mkdirSync(dirname(join(modules, name)), { recursive: true })
  symlinkSync(target, join(modules, name))
}

function writeFakeTfjsNode(folder: string): void {
  const manifest = {
    name: '@tensorflow/tfjs-node',
    version: '4.22.0',
    main: 'index.js',
    binary: { module_path: './lib/napi-v{napi_build_version}', napi_versions: [3, 4, 5, 6, 7, 8] },
  }
  writeFile(join(folder, 'package.json'), JSON.stringify(manifest))
  writeFile(join(folder, 'index.js'), `require('./lib/napi-v8/tfjs_binding.node')\n`)
  for (const file of ['tfjs_backend.cc', 'tfjs_binding.cc']) writeFile(join(folder, 'binding', file), '// fake')
  writeFile(join(folder, 'scripts', 'deps-constants.js'), `const LIBTENSORFLOW_VERSION = '2.9.1';\n`)
  writeFile(join(folder, 'scripts', 'install.js'), FAKE_INSTALL_SCRIPT)
  writeFile(join(folder, 'node_modules', '@mapbox', 'node-pre-gyp', 'package.json'), '{}')
}

/** Behaves like the real script as FAKE_OWN says: the bucket cannot be reached, or sends rubbish, or nothing, or all. */
const FAKE_INSTALL_SCRIPT = `
const { appendFileSync, mkdirSync, writeFileSync } = require('node:fs')
appendFileSync(process.env.FAKE_LOG, 'own ' + process.pid + '\\n')
if (process.env.FAKE_OWN === 'hangs') setInterval(() => {}, 1000)
else if (process.env.FAKE_OWN === 'works') {
  for (const folder of ['deps/lib', 'lib/napi-v8']) mkdirSync(folder, { recursive: true })
  writeFileSync('deps/lib/libtensorflow.so.2', 'fake library')
  writeFileSync('lib/napi-v8/tfjs_binding.node', '{"TF_Version":"2.9.1"}')
} else throw new Error(process.env.FAKE_OWN === 'fails' ? 'TAR_BAD_ARCHIVE: Unrecognized archive format' : 'getaddrinfo ENOTFOUND bucket.invalid')
`
