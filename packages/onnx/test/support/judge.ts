import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Beside which release of the onnx package the fixtures were made; the judge installs it where Python has none. */
const PACKAGES = ['onnx==1.23.2', 'tritonclient==2.73.0']

/**
 * Finds a Python with the packages onnx and tritonclient: the one on the path, else a virtual environment in the temporary folder, made when it is missing.
 *
 * @returns the interpreter, or why there is none
 */
export function findJudge(): { readonly python: string } | { readonly missing: string } {
  if (works('python3')) return { python: 'python3' }
  const folder = join(tmpdir(), 'tfjs-bayes-onnx-judge')
  const python = join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python')
  if (existsSync(python) && works(python)) return { python }
  const made = spawnSync('python3', ['-m', 'venv', folder], { encoding: 'utf8' })
  if (made.status !== 0) return { missing: `python3 -m venv: ${made.error?.message ?? lastLine(made.stderr)}` }
  const installed = spawnSync(python, ['-m', 'pip', 'install', '--quiet', ...PACKAGES], { encoding: 'utf8' })
  if (installed.status !== 0) return { missing: `pip install ${PACKAGES.join(' ')}: ${lastLine(installed.stderr)}` }
  return works(python) ? { python } : { missing: 'the installed package does not load' }
}

/**
 * Has `test/judge.py` check files and run those that come with inputs.
 *
 * @param python an interpreter with the onnx package
 * @param folder of files `name.onnx`, and `name.json` with the inputs where the reference evaluator is to run it
 * @returns for each name what the judge found wrong (empty: nothing), and the outputs
 */
export function askJudge(python: string, folder: string): Readonly<Record<string, Verdict>> {
  const script = fileURLToPath(new URL('../judge.py', import.meta.url))
  const result = spawnSync(python, [script, folder], { encoding: 'utf8', maxBuffer: 2 ** 28 })
  if (result.status !== 0) throw new Error(`judge.py: ${result.error?.message ?? result.stderr}`)
  return JSON.parse(result.stdout) as Readonly<Record<string, Verdict>>
}

export interface Verdict {
  readonly error: string
  readonly outputs?: Readonly<Record<string, readonly number[]>>
}

function works(python: string): boolean {
  return spawnSync(python, ['-c', 'import onnx, onnx.reference, tritonclient']).status === 0
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? ''
}

/**
 * Has Triton's own proto, as its client library ships it, read a configuration.
 *
 * @param python an interpreter from `findJudge`
 * @param config the text of a `config.pbtxt`
 * @returns the message as JSON
 */
export function readTritonConfig(python: string, config: string): unknown {
  const script = fileURLToPath(new URL('../tritonConfig.py', import.meta.url))
  const result = spawnSync(python, [script], { encoding: 'utf8', input: config })
  if (result.status !== 0) throw new Error(`tritonConfig.py: ${result.error?.message ?? lastLine(result.stderr)}`)
  return JSON.parse(result.stdout)
}
