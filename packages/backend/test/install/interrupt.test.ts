import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Behaviour, ENTRY, Workshop } from './fakes.ts'
import { eventually, Project } from './project.ts'

/** Either nothing is there, or the whole, and never half of it where tfjs-node looks. */
function expectNothingHalfDone(workshop: Workshop, project: Project): void {
  const link = lstatSync(project.addonFolder, { throwIfNoEntry: false })
  if (link !== undefined) expect(existsSync(join(project.addonFolder, 'tfjs_binding.node'))).toBe(true)
  if (!existsSync(workshop.entry)) return
  const { files } = JSON.parse(readFileSync(join(workshop.entry, 'manifest.json'), 'utf8')) as {
    files: { path: string; size: number }[]
  }
  expect(files).toHaveLength(3)
  for (const { path, size } of files) expect(lstatSync(join(workshop.entry, path)).size).toBe(size)
}

const isRunning = (id: number): boolean => {
  try {
    process.kill(id, 0)
    return true
  } catch {
    return false
  }
}

/** A point of the install at which it stands still, and the word with which a fake says so in the log. */
const POINTS: readonly (readonly [string, Behaviour, string])[] = [
  ['tfjs-node’s own download', { own: 'hangs' }, 'own'],
  ['pip’s download', { pip: 'hangs' }, 'downloading'],
  ['compiling', { compiler: 'hangs' }, 'compiling'],
  ['loading the addon for a trial', { addon: 'hangs' }, 'loading'],
]

test.each(POINTS)('Ctrl-C or kill during %s: it cleans up behind itself, its children too', async (_point, behaviour, word) => {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    const workshop = new Workshop()
    const project = new Project()
    const run = workshop.start(project, ['install'], behaviour)
    await eventually(() => workshop.logged(word).length > 0, `the fake says ${word}`)
    run.kill(signal)
    expect(await run.ended).toEqual({ code, signal: null })
    expect(run.stderr).toMatch(/\nInterrupted; nothing is left half-done\.\n$/)
    expect(workshop.contents).toEqual([])
    expect(existsSync(join(project.tfjsNode, 'lib'))).toBe(false)
    for (const id of workshop.logged(word)) expect(isRunning(id)).toBe(false)
  }
})

test.each(POINTS)('SIGKILL during %s: the next install finds a clean table and succeeds', async (_point, behaviour, word) => {
  const workshop = new Workshop()
  const project = new Project()
  const run = workshop.start(project, ['install'], behaviour)
  await eventually(() => workshop.logged(word).length > 0, `the fake says ${word}`)
  run.kill('SIGKILL')
  await run.ended
  expectNothingHalfDone(workshop, project)
  expect(workshop.contents).toContain('install.lock')
  try {
    expect(await workshop.command(project, 'install')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Installed/) })
    expect(workshop.contents).toEqual([ENTRY])
    expectNothingHalfDone(workshop, project)
  } finally {
    for (const id of workshop.logged(word)) if (isRunning(id)) process.kill(id, 'SIGKILL')
  }
})

test('SIGKILL at any moment of the whole run leaves nothing or the whole', async () => {
  const workshop = new Workshop()
  const whole = await timed(() => workshop.command(new Project(), 'install'))
  await workshop.command(new Project(), 'remove')
  const project = new Project()
  for (let share = 0.25; share < 1.1; share += 0.1) {
    const run = workshop.start(project, ['install'])
    await Promise.race([new Promise((resolve) => setTimeout(resolve, share * whole)), run.ended])
    run.kill('SIGKILL')
    await run.ended
    expectNothingHalfDone(workshop, project)
  }
  expect((await workshop.command(project, 'install')).code).toBe(0)
  expect(workshop.contents).toEqual([ENTRY])
})

test('a lock that a kill left behind finished work goes with the next install', async () => {
  const workshop = new Workshop()
  const project = new Project()
  await workshop.command(project, 'install')
  const gone = new Project().run('')
  await gone.ended
  writeFileSync(join(workshop.cache, 'install.lock'), JSON.stringify({ process: gone.id, host: hostname() }))
  expect((await workshop.command(project, 'install')).code).toBe(0)
  expect(workshop.contents).toEqual([ENTRY])
})

test('Ctrl-C at any moment of the whole run: also no staging folder and no lock', async () => {
  const whole = await timed(() => new Workshop().command(new Project(), 'install'))
  const project = new Project()
  for (let share = 0.3; share < 1.1; share += 0.1) {
    const workshop = new Workshop()
    const run = workshop.start(project, ['install'])
    await Promise.race([new Promise((resolve) => setTimeout(resolve, share * whole)), run.ended])
    run.kill('SIGINT')
    await run.ended
    expect([[], [ENTRY]]).toContainEqual(workshop.contents)
    expectNothingHalfDone(workshop, project)
    await workshop.command(project, 'remove')
  }
})

test('two installs at once: one makes, the other waits and shares', async () => {
  const workshop = new Workshop()
  const projects = [new Project(), new Project()]
  const runs = projects.map((project) => workshop.start(project, ['install'], { pip: 'slow' }))
  for (const run of runs) expect(await run.ended).toEqual({ code: 0, signal: null })
  expect(workshop.count('pip')).toBe(1)
  expect(runs.map(({ stdout }) => stdout.split(' ')[0]).sort()).toEqual(['Installed', 'Linked'])
  expect(runs.map(({ stderr }) => stderr).join('')).toMatch(/waiting for another install \(process \d+\)/)
  expect(workshop.contents).toEqual([ENTRY])
  for (const project of projects) expectNothingHalfDone(workshop, project)
})

test('one that waits can be interrupted, and the other goes on', async () => {
  const workshop = new Workshop()
  const first = workshop.start(new Project(), ['install'], { pip: 'hangs' })
  await eventually(() => workshop.logged('downloading').length > 0, 'the first downloads')
  const second = workshop.start(new Project(), ['install'])
  await eventually(() => second.stderr.includes('waiting for another install'), 'the second waits')
  second.kill('SIGINT')
  expect((await second.ended).code).toBe(130)
  expect(workshop.contents).toContain('install.lock')
  first.kill('SIGTERM')
  await first.ended
  expect(workshop.contents).toEqual([])
})

test('a lock of a process that is gone, and one without an owner in it, hold nobody up', async () => {
  const gone = new Project().run('')
  await gone.ended
  for (const text of [JSON.stringify({ process: gone.id, host: hostname() }), '']) {
    const workshop = new Workshop()
    mkdirSync(workshop.cache, { recursive: true })
    writeFileSync(join(workshop.cache, 'install.lock'), text)
    mkdirSync(join(workshop.cache, '.staging-left', 'scratch'), { recursive: true })
    const run = workshop.start(new Project(), ['install'])
    if (text === '') {
      await eventually(() => run.stderr.includes('waiting'), 'it waits: the owner may just be writing')
      ageBy(join(workshop.cache, 'install.lock'), 61)
    }
    expect((await run.ended).code).toBe(0)
    expect(workshop.contents).toEqual([ENTRY])
  }
})

test('what a pip that outlived its install has left goes with the next install, also one that has nothing to do', async () => {
  const workshop = new Workshop()
  const project = new Project()
  await workshop.command(project, 'install')
  const left = join(workshop.cache, '.staging-left')
  mkdirSync(left)
  writeFileSync(join(workshop.cache, 'install.lock'), JSON.stringify({ process: process.pid, host: hostname() }))
  await workshop.command(project, 'install')
  expect(existsSync(left)).toBe(true) // someone holds the lock: it may be theirs
  rmSync(join(workshop.cache, 'install.lock'))
  await workshop.command(project, 'install')
  expect(workshop.contents).toEqual([ENTRY])
})

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

function ageBy(path: string, seconds: number): void {
  const then = new Date(Date.now() - 1000 * seconds)
  utimesSync(path, then, then)
}
