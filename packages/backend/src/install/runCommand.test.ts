import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { lastWords, runCommand } from './runCommand.ts'

const folder = mkdtempSync(join(tmpdir(), 'tfjs-bayes-command-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const node = (program: string): [string, string[]] => [process.execPath, ['--eval', program]]

/** Starts a child of its own, writes down its number and waits for ever, deaf to polite requests. */
const parentOf = (file: string): [string, string[]] =>
  node(`
    const { id } = { id: require('node:child_process').spawn(process.execPath, ['--eval', 'setInterval(() => {}, 1000)']).pid }
    process.on('SIGTERM', () => {})
    require('node:fs').writeFileSync(${JSON.stringify(file)}, String(id))
    setInterval(() => {}, 1000)`)

async function grandchild(file: string): Promise<number> {
  while (!existsSync(file) || readFileSync(file, 'utf8') === '') await new Promise((resolve) => setTimeout(resolve, 10))
  return Number(readFileSync(file, 'utf8'))
}

const isRunning = (id: number): boolean => {
  try {
    process.kill(id, 0)
    // A zombie still has a number; nobody waits for an orphan but the system, soon.
    return !/\) Z /.test(readFileSync(`/proc/${id}/stat`, 'utf8'))
  } catch {
    return false
  }
}

test('the exit code and both outputs', async () => {
  const result = await runCommand(...node(`console.log('out'); console.error('err'); process.exit(3)`))
  expect(result).toEqual({ code: 3, signal: null, stdout: 'out\n', stderr: 'err\n' })
  expect(lastWords(result)).toBe('exit code 3\n    out\n    err')
})

test('a program that does not exist ends with code 127 and says so', async () => {
  const result = await runCommand('no-such-program', [])
  expect(result).toMatchObject({ code: 127, stderr: expect.stringContaining('ENOENT') })
})

test('aborting ends the program and what it started, then throws the reason', async () => {
  const file = join(folder, 'aborted')
  const controller = new AbortController()
  const running = runCommand(...parentOf(file), { signal: controller.signal })
  const id = await grandchild(file)
  expect(isRunning(id)).toBe(true)
  controller.abort(new Error('enough'))
  await expect(running).rejects.toThrow('enough')
  expect(isRunning(id)).toBe(false)
})

test('a signal that is aborted already starts nothing', async () => {
  const file = join(folder, 'never')
  await expect(runCommand(...parentOf(file), { signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow('before')
  expect(existsSync(file)).toBe(false)
})

test('a time limit and a watcher end it too', async () => {
  const limited = await runCommand(...node('setInterval(() => {}, 1000)'), { timeoutMs: 300 })
  expect(limited).toMatchObject({ code: null, signal: 'SIGTERM' })
  let looks = 0
  const watched = await runCommand(...node('setInterval(() => {}, 1000)'), { watch: () => ++looks < 2 })
  expect(watched).toMatchObject({ code: null, signal: 'SIGTERM' })
  expect(lastWords(watched)).toBe('ended by SIGTERM')
})

test('of a long log the end is kept', async () => {
  const { stdout } = await runCommand(...node(`for (let i = 0; i < 50000; i++) console.log('line ' + i)`))
  expect(stdout.length).toBeLessThanOrEqual(100_000)
  expect(stdout).toMatch(/line 49999\n$/)
})
