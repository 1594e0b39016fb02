import { type ChildProcess, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'

const typescript = pathToFileURL(createRequire(import.meta.url).resolve('typescript')).href
const module = (source: string): string => `data:text/javascript,${encodeURIComponent(source)}`

/** What lets Node 20 run our TypeScript sources: strips the types of each file when it is first loaded, and keeps the result in a folder. */
const hooks = (cache: string): string =>
  module(`
import { createHash } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
export async function load(url, context, next) {
  if (!url.endsWith('.ts')) return next(url, context)
  const file = ${JSON.stringify(cache)} + '/' + createHash('sha256').update(url).digest('hex') + '.mjs'
  const known = await readFile(file, 'utf8').catch(() => undefined)
  return { format: 'module', shortCircuit: true, source: known ?? (await stripped(url, file)) }
}
async function stripped(url, file) {
  const { default: ts } = await import(${JSON.stringify(typescript)})
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 }
  const { outputText } = ts.transpileModule(await readFile(new URL(url), 'utf8'), { compilerOptions })
  await writeFile(file + process.pid, outputText)
  await rename(file + process.pid, file)
  return outputText
}`)

/**
 * Starts a TypeScript file of this folder in a process of its own, on the sources of all packages.
 *
 * @param cache an existing folder, which the processes of one test share
 */
export function startSource(file: string, args: readonly string[], cache: string): ChildProcess {
  const script = fileURLToPath(new URL(file, import.meta.url))
  const loader = module(`import { register } from 'node:module'; register(${JSON.stringify(hooks(cache))})`)
  return spawn(process.execPath, ['--conditions=@tfjs-bayes/source', '--import', loader, script, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

/** The output of a process once it has ended, and how it did. */
export async function ended(
  child: ChildProcess,
): Promise<{ code: number | null; signal: NodeJS.Signals | null; out: string; err: string }> {
  let out = ''
  let err = ''
  child.stdout?.on('data', (chunk) => {
    out += chunk
  })
  child.stderr?.on('data', (chunk) => {
    err += chunk
  })
  return new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal, out, err })))
}
