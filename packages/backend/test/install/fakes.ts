import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Project, type Run, temporaryFolder, writeFile, writeProgram } from './project.ts'
import { zipFile } from './zipFile.ts'

/** How the fakes behave in one run; what is left out works. */
export interface Behaviour {
  readonly own?: 'unreachable' | 'fails' | 'hangs' | 'works'
  readonly pip?: 'works' | 'slow' | 'fails' | 'hangs' | 'wrong' | 'nothing'
  readonly compiler?: 'works' | 'fails' | 'hangs'
  /** What the compiled addon does when it is loaded. */
  readonly addon?: 'loads' | 'broken' | 'hangs' | 'crashes'
}

/**
 * The command in projects of their own that share one cache, with programs called python3 and g++ in place of the real ones, and a small wheel.
 *
 * An "addon" is a text file, and a hook in Node's loader stands in for the system's.
 */
export class Workshop {
  readonly cache: string = join(temporaryFolder('cache'), 'tfjs-bayes')
  readonly #folder = temporaryFolder('fakes')
  readonly programs: string = join(this.#folder, 'programs')
  readonly log: string = join(this.#folder, 'log')
  readonly release: object

  constructor(options: { readonly programs?: readonly ('python3' | 'g++')[]; readonly release?: object } = {}) {
    const wheel = fakeWheel()
    writeFile(join(this.#folder, 'wheel'), wheel)
    writeFile(join(this.#folder, 'loader.cjs'), LOADER)
    writeFile(this.log, '')
    writeFile(join(this.programs, '.keep'), '')
    for (const name of options.programs ?? ['python3', 'g++']) this.addProgram(name)
    this.release = {
      project: 'tensorflow-cpu',
      version: '9.9.9',
      file: 'tensorflow_cpu-9.9.9-fake.whl',
      sha256: createHash('sha256').update(wheel).digest('hex'),
      bytes: wheel.length,
      unpackedBytes: LIBRARY_BYTES + 100,
      platform: 'fake_platform',
      libraries: ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'],
      ...options.release,
    }
  }

  addProgram(name: 'python3' | 'g++'): void {
    writeProgram(join(this.programs, name), name === 'python3' ? FAKE_PIP : FAKE_COMPILER)
  }

  /** Starts the command in a project. */
  start(project: Project, args: readonly string[], behaviour: Behaviour = {}, env: Record<string, string> = {}): Run {
    const variables = {
      TFJS_BAYES_CACHE: this.cache,
      PATH: this.programs,
      NODE_OPTIONS: `--require ${join(this.#folder, 'loader.cjs')}`,
      FAKE_LOG: this.log,
      FAKE_WHEEL: join(this.#folder, 'wheel'),
      FAKE_RELEASE: JSON.stringify(this.release),
      FAKE_OWN: behaviour.own ?? 'unreachable',
      FAKE_PIP: behaviour.pip ?? 'works',
      FAKE_COMPILER: behaviour.compiler ?? 'works',
      FAKE_ADDON: behaviour.addon === undefined || behaviour.addon === 'loads' ? '{"TF_Version":"9.9.9"}' : behaviour.addon,
    }
    return project.run(DRIVER, { ...variables, ...env }, args)
  }

  /** Runs the command to its end. */
  async command(project: Project, args: string, behaviour: Behaviour = {}, env: Record<string, string> = {}): Promise<Finished> {
    const run = this.start(project, args.split(' '), behaviour, env)
    const { code } = await run.ended
    return { code, stdout: run.stdout, stderr: run.stderr }
  }

  /** How often a fake has started its work. */
  count(name: 'own' | 'pip' | 'compiler'): number {
    return this.logged(name).length
  }

  /** The process numbers under which the log mentions something. */
  logged(word: string): number[] {
    return readFileSync(this.log, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith(`${word} `))
      .map((line) => Number(line.slice(word.length)))
  }

  /** What is in the cache. */
  get contents(): string[] {
    return existsSync(this.cache) ? readdirSync(this.cache).sort() : []
  }

  get entry(): string {
    return join(this.cache, ENTRY)
  }
}

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export const ENTRY: string = `tfjs-node-4.22.0_tensorflow-cpu-9.9.9_${process.platform}-${process.arch}`

/** Size of the fake libtensorflow. */
export const LIBRARY_BYTES = 8_000_000

let wheelBytes: Buffer | undefined

function fakeWheel(): Buffer {
  const large = Buffer.alloc(LIBRARY_BYTES)
  for (let i = 0; i < large.length; i += 4) large.writeUInt32LE(Math.imul(i, 2_654_435_761) >>> 8, i)
  wheelBytes ??= zipFile([
    { name: 'tensorflow/__init__.py', data: Buffer.from('not wanted') },
    { name: 'tensorflow/libtensorflow_framework.so.2', data: Buffer.from('fake framework'), stored: true },
    { name: 'tensorflow/libtensorflow_cc.so.2', data: large },
    { name: 'tensorflow/include/tensorflow/c/c_api.h', data: Buffer.from('// fake header') },
    { name: 'tensorflow/include/external/other.h', data: Buffer.from('not wanted') },
  ])
  return wheelBytes
}

const DRIVER = `
import { main } from './node_modules/@tfjs-bayes/backend/dist/install/cli.js'
import { ownDownload } from './node_modules/@tfjs-bayes/backend/dist/install/ownDownload.js'
import { wheelSource } from './node_modules/@tfjs-bayes/backend/dist/install/wheel.js'
const sources = [ownDownload({ startMs: 4000, stallMs: 8000 }), wheelSource(JSON.parse(process.env.FAKE_RELEASE))]
process.exitCode = await main(process.argv.slice(2), { sources })
`

const LOG = `
const { appendFileSync, copyFileSync, existsSync, readFileSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')
const log = (word) => appendFileSync(process.env.FAKE_LOG, word + ' ' + process.pid + '\\n')
const hang = (word) => { log(word); setInterval(() => {}, 1000) }
`

const LOADER = `${LOG}
require('node:module')._extensions['.node'] = (module, file) => {
  const text = readFileSync(file, 'utf8')
  if (text === 'hangs') { log('loading'); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0) }
  if (text === 'crashes') process.kill(process.pid, 'SIGILL')
  if (!text.startsWith('{')) throw Object.assign(new Error(file + ': invalid ELF header'), { code: 'ERR_DLOPEN_FAILED' })
  module.exports = JSON.parse(text)
}
`

const FAKE_PIP = `${LOG}
const args = process.argv.slice(2)
if (args[0] !== '-m' || args[1] !== 'pip') process.exit(2)
if (args.includes('--version')) { console.log('pip 24.0'); process.exit() }
log('pip')
const hash = readFileSync(args[args.indexOf('--requirement') + 1], 'utf8')
const { file, sha256 } = JSON.parse(process.env.FAKE_RELEASE)
if (!hash.includes(sha256)) throw new Error('not pinned: ' + hash)
const wheel = join(args[args.indexOf('--dest') + 1], file)
const mode = process.env.FAKE_PIP
if (mode === 'fails') { console.error('ERROR: No matching distribution found for tensorflow-cpu==9.9.9'); process.exit(1) }
else if (mode === 'hangs') { writeFileSync(join(process.env.TMPDIR, 'half'), 'half a wheel'); hang('downloading') }
else if (mode === 'wrong') writeFileSync(wheel, 'another file')
else if (mode !== 'nothing') setTimeout(() => copyFileSync(process.env.FAKE_WHEEL, wheel), mode === 'slow' ? 700 : 0)
`

const FAKE_COMPILER = `${LOG}
const args = process.argv.slice(2)
if (args.includes('--version')) { console.log('g++ (fake) 12.2.0'); process.exit() }
log('compiler')
const inputs = args.filter((arg) => /\\.(cc|so\\.2)$/.test(arg))
const headers = args.flatMap((arg, i) => (arg === '-I' ? [args[i + 1]] : []))
for (const input of inputs) if (!existsSync(input)) throw new Error('no ' + input)
for (const header of ['node_api.h', 'tensorflow/c/c_api.h'])
  if (!headers.some((folder) => existsSync(join(folder, header)))) throw new Error('no ' + header)
const mode = process.env.FAKE_COMPILER
if (mode === 'fails') { console.error('tfjs_backend.cc:20:10: fatal error: algorithm: No such file or directory'); process.exit(1) }
else if (mode === 'hangs') hang('compiling')
else writeFileSync(args[args.indexOf('-o') + 1], process.env.FAKE_ADDON)
`
