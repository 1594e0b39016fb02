import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { afterAll, describe, expect, test } from 'vitest'
import type { ExperimentResults } from '../src/experiments/framework/runExperiment.ts'
import { EXPERIMENTS } from '../src/experiments/registry.ts'
import { runProgram } from '../src/program.ts'
import { parseReport } from './parseReport.ts'

const parent = mkdtempSync(join(tmpdir(), 'experiments-'))
afterAll(() => rmSync(parent, { recursive: true }))

interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs the program in this process; `stopAt` interrupts it when a line that it matches is printed. */
async function demo(args: readonly string[], stopAt?: RegExp): Promise<Outcome> {
  const controller = new AbortController()
  let [stdout, stderr] = ['', '']
  const watch = (text: string): void => {
    if (stopAt?.test(text)) controller.abort(new Error('interrupted'))
  }
  const code = await runProgram(args, {
    stdout: {
      write: (text) => {
        stdout += text
        watch(text)
      },
    },
    stderr: {
      write: (text) => {
        stderr += text
        watch(text)
      },
    },
    signal: controller.signal,
  })
  return { code, stdout, stderr }
}

const resultsOf = (folder: string): ExperimentResults =>
  JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8')) as ExperimentResults

describe.each(EXPERIMENTS.map(({ name }) => name))('%s', (name) => {
  const experiment = EXPERIMENTS.find((each) => each.name === name)!
  const out = join(parent, name)

  test('--tiny runs every part, leaks no tensor, and writes results, figures and a report', async () => {
    const before = tf.memory().numTensors
    const { code, stdout, stderr } = await demo(['experiment', name, '--tiny', '--out', out])
    expect(stderr).not.toMatch(/rror:/)
    expect(code).toBe(0)
    expect(tf.memory().numTensors - before).toBe(0)
    const { configurations } = experiment.plan('tiny')
    const results = resultsOf(out)
    expect(results.size).toBe('tiny')
    expect(Object.keys(results.versions)).toContain('@tensorflow/tfjs')
    expect(results.parts.map(({ configuration }) => configuration.name)).toEqual(configurations.map((each) => each.name))
    // Written and read, JSON is the same: no NaN or infinity became null on the way.
    expect(JSON.stringify(results)).not.toMatch(/NaN|Infinity/)
    expect(readdirSync(join(out, 'runs'))).toEqual([])
    const document = parseReport(readFileSync(join(out, 'report.html'), 'utf8'))
    expect(document.querySelector('h1')!.textContent).toBe(experiment.title)
    expect(document.querySelectorAll('table').length).toBeGreaterThan(0)
    const drawn = [...document.querySelectorAll('figure svg')].map((svg) => svg.querySelectorAll('path, circle, rect').length)
    expect(drawn.length).toBe(readdirSync(join(out, 'figures')).length)
    expect(Math.min(...drawn)).toBeGreaterThan(2)
    expect(document.body.textContent).not.toMatch(/NaN|undefined|Infinity/)
    expect(stdout).toContain(`Report: ${join(out, 'report.html')}`)
  })

  test('the same command again runs nothing and tells the same', async () => {
    const before = readFileSync(join(out, 'results.json'), 'utf8')
    const { code, stdout } = await demo(['experiment', name, '--tiny', '--out', out])
    expect(code).toBe(0)
    expect(stdout.match(/finished before/g)).toHaveLength(experiment.plan('tiny').configurations.length)
    expect(readFileSync(join(out, 'results.json'), 'utf8')).toBe(before)
  })

  test('--help says what it does', async () => {
    const { code, stdout } = await demo(['experiment', name, '--help'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/--tiny/)
    expect(stdout).toMatch(/--seeds <list>/)
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(experiment.description.replaceAll(/\s+/g, ' '))
  })
})

describe('an interruption', () => {
  /** A result without the times, which no two runs share. */
  const timeless = (value: unknown): unknown =>
    JSON.parse(JSON.stringify(value, (key, each) => (key === 'seconds' || key === 'cpuSeconds' ? undefined : each)))
  const command = (folder: string): string[] => [
    'experiment',
    'mnist-table',
    '--tiny',
    '--only',
    'lrt-normal-learned',
    '--out',
    folder,
  ]

  test('in the middle of a part: the same command goes on, and ends with the same numbers as a run that was never stopped', async () => {
    const [stopped, whole] = [join(parent, 'stopped'), join(parent, 'whole')]
    const first = await demo(command(stopped), /^epoch 2 /m)
    expect(first.code).toBe(130)
    expect(first.stdout).toContain('The same command goes on where this one ended')
    expect(readdirSync(join(stopped, 'runs'))).toHaveLength(1)
    const second = await demo(command(stopped))
    expect(second.code).toBe(0)
    // It did not begin anew.
    expect(second.stderr).not.toMatch(/^epoch 1 /m)
    expect(second.stderr).toMatch(/^epoch 3 /m)
    expect((await demo(command(whole))).code).toBe(0)
    expect(timeless(resultsOf(stopped).parts)).toEqual(timeless(resultsOf(whole).parts))
  })

  test('the folder of something else is left alone', async () => {
    const foreign = mkdtempSync(join(parent, 'foreign-'))
    writeFileSync(join(foreign, 'thesis.doc'), 'years')
    const { code, stderr } = await demo(command(foreign))
    expect(code).toBe(1)
    expect(stderr).toMatch(/ForeignFolderError: .* holds no experiment. Choose a new or an empty folder with --out/)
    expect(readdirSync(foreign)).toEqual(['thesis.doc'])
  })

  test.each([
    [['experiment', 'mnist-tables'], /unknown command 'mnist-tables'/],
    [['experiment', 'pruning', '--seeds', '1,1'], /A seed stands there twice/],
    [['experiment', 'pruning', '--seed', '-1'], /Expected a whole number from 0/],
    [['experiment', 'pruning', '--only', 'nothing'], /'nothing' is none of lrt-normal/],
  ])('%j is refused in words', async (args, message) => {
    const { code, stderr } = await demo(args)
    expect(code).toBe(1)
    expect(stderr).toMatch(message)
  })
})
