import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { packagedDataFolder } from '../src/mnist/mnist.ts'
import { RunFolder } from '../src/run/runFolder.ts'

const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url))
const parent = mkdtempSync(join(tmpdir(), 'cli-'))
afterAll(() => rmSync(parent, { recursive: true }))
beforeAll(() => {
  if (!existsSync(CLI)) throw new Error('These tests run the built program. Build it first: pnpm turbo run build')
})

function demo(...args: string[]): { code: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], { encoding: 'utf8', cwd: parent })
  return { code: status, stdout, stderr }
}

/** A data folder like the packaged one, but for some files. */
function dataFolder(name: string, changed: Readonly<Record<string, Uint8Array | null>>): string {
  const path = join(parent, name)
  mkdirSync(path)
  for (const file of readdirSync(packagedDataFolder())) {
    const content = changed[file]
    if (content === undefined) symlinkSync(join(packagedDataFolder(), file), join(path, file))
    else if (content !== null) writeFileSync(join(path, file), content)
  }
  return path
}

test.each([[[]], [['train']], [['evaluate']], [['export']], [['predict']], [['report']]])('%j --help', (command) => {
  const { code, stdout } = demo(...command, '--help')
  expect(code).toBe(0)
  expect(stdout).toMatch(/^Usage: demo/)
  expect(stdout).toContain('--out <folder>')
})

test.each([
  [['--epochs', '0'], /'--epochs <n>' argument '0' is invalid. Expected a whole number from 1 to 1000/],
  [['train', '--seed', '1.5'], /'--seed <n>' argument '1\.5' is invalid/],
  [['train', '--batch-size', '-3'], /Expected a whole number from 1 to 50000/],
  [['train', '--bogus'], /unknown option '--bogus'/],
  [['sing'], /unknown command 'sing'/],
  [['evaluate', '--out', 'nowhere'], /MissingRunFileError: There is no nowhere\/run\.json. Run the command 'train' first/],
  [['train', '--tiny', '--batch-size', '600', '--out', 'large-batch'], /InvalidSettingError: batchSize is 600/],
])('%j ends with its name, what to do, and no stack', (args, message) => {
  const { code, stderr } = demo(...args)
  expect(code).toBe(1)
  expect(stderr).toMatch(message)
  expect(stderr).not.toMatch(/\n\s+at /)
  expect(readdirSync(parent)).not.toContain('large-batch')
})

test('a folder that cannot be made, or belongs to somebody else, is refused before any work', () => {
  writeFileSync(join(parent, 'file'), '')
  const below = demo('train', '--tiny', '--out', 'file/below')
  expect(below.code).toBe(1)
  expect(below.stderr).toMatch(/UnwritableFolderError: Cannot write file\/below .*choose another folder with --out/)
  mkdirSync(join(parent, 'thesis'))
  writeFileSync(join(parent, 'thesis', 'chapter.doc'), 'words')
  const foreign = demo('--tiny', '--out', 'thesis')
  expect(foreign.code).toBe(1)
  expect(foreign.stderr).toMatch(/ForeignFolderError: thesis is not empty/)
  expect(readdirSync(join(parent, 'thesis'))).toEqual(['chapter.doc'])
  expect(below.stdout + foreign.stdout).not.toMatch(/epoch/)
})

test.each([
  ['missing', { 't10k-labels-idx1-ubyte': null }, /MissingDataFileError: There is no data file .*t10k-labels/],
  ['empty', { 'train-images-idx3-ubyte': new Uint8Array(0) }, /InvalidDataFileError: .*train-images-idx3-ubyte is empty/],
  [
    'truncated',
    { 't10k-images-idx3-ubyte': readFileSync(join(packagedDataFolder(), 't10k-images-idx3-ubyte')).subarray(0, 100_000) },
    /InvalidDataFileError: .*t10k-images-idx3-ubyte is truncated: its header promises 10000 images/,
  ],
])('data that are %s are refused, and no run folder is made', (kind, changed, message) => {
  const data = dataFolder(`data-${kind}`, changed)
  const { code, stderr } = demo('train', '--tiny', '--data', data, '--out', `run-${kind}`)
  expect(code).toBe(1)
  expect(stderr).toMatch(message)
  expect(stderr).not.toMatch(/\n\s+at /)
  expect(existsSync(join(parent, `run-${kind}`))).toBe(false)
})

test('--debug shows the stack', () => {
  expect(demo('report', '--out', 'nowhere', '--debug').stderr).toMatch(/MissingRunFileError: .*\n\s+at /s)
})

test('Ctrl-C ends cleanly with what was done saved', async () => {
  const child = spawn(process.execPath, [CLI, 'train', '--tiny', '--epochs', '1000', '--out', 'interrupted'], { cwd: parent })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk
  })
  let interrupted = false
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk
    if (interrupted || !/^epoch 2 /m.test(stderr)) return
    interrupted = true
    child.kill('SIGINT')
  })
  const code = await new Promise((resolve) => child.on('close', resolve))
  expect(stderr).toContain('Stopping after the step under way')
  expect(stdout).toContain('Stopped. The run folder keeps what was finished')
  expect(code).toBe(130)
  const folder = new RunFolder(join(parent, 'interrupted'))
  const { models } = folder.read('training')
  expect(models).toHaveLength(1)
  expect(models[0]!.stopped).toBe('aborted')
  expect(models[0]!.epochs.length).toBeGreaterThanOrEqual(2)
  expect(models[0]!.epochs.length).toBeLessThan(1000)
  expect(demo('evaluate', '--out', 'interrupted', '--samples', '2').code).toBe(0)
  expect(demo('report', '--out', 'interrupted').code).toBe(0)
})
