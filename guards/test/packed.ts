import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const execute = promisify(execFile)

export const repository: string = fileURLToPath(new URL('../..', import.meta.url))

export const publicPackages = ['backend', 'distributions', 'layers', 'training', 'onnx'] as const

/** A folder outside the repository with the packed packages installed by npm, as a user's project has them. */
export interface Consumer {
  readonly folder: string
  /** The tarball of each package. */
  readonly tarballs: ReadonlyMap<string, string>
  /** Writes a file into the folder. */
  write(name: string, text: string): Promise<void>
  /** Runs a program there; rejects with its output when it fails. */
  run(file: string, ...args: string[]): Promise<string>
  remove(): Promise<void>
}

/** Packs every public package and installs the tarballs with tfjs beside them, nothing else. */
export async function createConsumer(): Promise<Consumer> {
  const folder = await mkdtemp(join(tmpdir(), 'tfjs-bayes-consumer-'))
  const tarballs = new Map<string, string>()
  for (const name of publicPackages) {
    const packed = await runIn(join(repository, 'packages', name), pnpm, 'pack', '--json', '--pack-destination', folder)
    const file = /"filename":\s*"([^"]+)"/.exec(packed)?.[1]
    if (file === undefined) throw new Error(`pnpm pack of ${name} named no file: ${packed}`)
    tarballs.set(name, file)
  }
  const catalog = await readCatalog()
  const dependencies = Object.fromEntries([...tarballs].map(([name, file]) => [`@tfjs-bayes/${name}`, `file:${file}`]))
  const tools = ['@tensorflow/tfjs', '@tensorflow/tfjs-backend-wasm', 'onnxruntime-node', 'typescript', '@types/node']
  for (const tool of tools) dependencies[tool] = catalog(tool)
  await writeFile(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'consumer', private: true, type: 'module', dependencies }, null, 2),
  )
  // A user behind a proxy installs without the scripts that download; so does this.
  await runIn(folder, 'npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error')
  return {
    folder,
    tarballs,
    write: (name, text) => writeFile(join(folder, name), text),
    run: (file, ...args) => runIn(folder, file, ...args),
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

const pnpm = join(repository, 'node_modules', '.bin', 'pnpm')

async function runIn(cwd: string, file: string, ...args: string[]): Promise<string> {
  try {
    const { stdout, stderr } = await execute(file, args, { cwd, maxBuffer: 1 << 26 })
    return stdout + stderr
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    throw new Error(`${file} ${args.join(' ')} failed in ${cwd}:\n${stdout}${stderr}`, { cause: error })
  }
}

async function readCatalog(): Promise<(name: string) => string> {
  const text = await readFile(join(repository, 'pnpm-workspace.yaml'), 'utf8')
  return (name) => {
    const version = new RegExp(`^  "?${name}"?: (\\S+)$`, 'm').exec(text)?.[1]
    if (version === undefined) throw new Error(`${name} is not in the catalog`)
    return version
  }
}
