import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CONTESTANTS, DETERMINISTIC, LRT } from '../src/contestants.ts'
import { runProgram } from '../src/program.ts'
import { RunFolder } from '../src/run/runFolder.ts'
import { cellsOf, parseReport } from './parseReport.ts'

const parent = mkdtempSync(join(tmpdir(), 'demo-'))
const out = join(parent, 'first')
const folder = new RunFolder(out)
afterAll(() => rmSync(parent, { recursive: true }))

/** Runs the program in this process. */
async function demo(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  let [stdout, stderr] = ['', '']
  const code = await runProgram(args, {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    signal: new AbortController().signal,
  })
  return { code, stdout, stderr }
}

const files = (path: string): string[] =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
    .sort()

let whole: Awaited<ReturnType<typeof demo>>
let leaked: number
beforeAll(async () => {
  const before = tf.memory().numTensors
  whole = await demo('--tiny', '--out', out)
  leaked = tf.memory().numTensors - before
})

test('one command does all of it, leaks no tensor and leaves exactly its files', () => {
  expect(whole.stderr).not.toMatch(/rror:/)
  expect(whole.code).toBe(0)
  expect(leaked).toBe(0)
  expect(files(out)).toEqual(
    [
      'evaluation.json',
      'export.json',
      ...['elbo', 'gradient-variance', 'kl', 'nll', 'reliability', 'rotation', 'rotation-error'].map(
        (name) => `figures/${name}.svg`,
      ),
      ...CONTESTANTS.flatMap(({ name }) => [`models/${name}/model.json`, `models/${name}/weights.bin`]),
      'onnx/lrt-mean.onnx',
      'onnx/lrt-noise-graph.onnx',
      'onnx/lrt-noise-input.onnx',
      'prediction.json',
      'report.html',
      'run.json',
      'training.json',
    ].sort(),
  )
})

test('the terminal shows backend, size, progress, the tables and where the report is', () => {
  expect(whole.stdout).toMatch(/Backend: /)
  expect(whole.stdout).toMatch(/Tiny run, as asked for by --tiny: 512 training/)
  expect(whole.stderr).toMatch(/epoch 1 {2}ELBO -\d/)
  for (const { title } of CONTESTANTS) expect(whole.stdout).toMatch(new RegExp(`^${title} .*\\d`, 'm'))
  expect(whole.stdout).toMatch(/^network +ELBO +NLL +KL +test error +test NLL +ECE +s\/epoch$/m)
  expect(whole.stdout).toMatch(/^layer 1, ρ +\d/m)
  expect(whole.stdout).toContain(`Report: ${join(out, 'report.html')}`)
})

test('every network trained, and the saved weights are those of the epoch that validation chose', () => {
  const training = folder.read('training')
  const evaluation = folder.read('evaluation')
  expect(training.models.map((model) => model.name)).toEqual(CONTESTANTS.map((contestant) => contestant.name))
  for (const model of training.models) {
    expect(model.stopped).toBe('finished')
    expect(model.epochs).toHaveLength(2)
    const best = Math.max(...model.epochs.map((epoch) => epoch.validation.elbo))
    const kept = model.epochs[model.keptEpoch - 1]!
    expect(kept.validation.elbo).toBe(best)
    for (const { elbo, nll, klPerExample } of model.epochs) expect(elbo).toBeCloseTo(-(nll + klPerExample), 5)
    const evaluated = evaluation.models.find((one) => one.name === model.name)!
    // Of the deterministic network the figure has no noise in it; of the others it is another draw of the same quantity, wide where the KL is drawn too.
    const tolerance = { [DETERMINISTIC]: 1e-5, 'weight-sampling-mc': 1 }[model.name] ?? 0.1
    expect(Math.abs(evaluated.validation.elbo - kept.validation.elbo)).toBeLessThan(tolerance)
  }
})

test('onnxruntime agrees with tfjs to 1e-5 under the same noise', () => {
  const { scores } = folder.read('prediction')
  const [mean, noiseInput, noiseGraph] = scores
  expect(scores.map((score) => score.kind)).toEqual(['mean', 'noiseInput', 'noiseGraph'])
  expect(mean!.largestDifference).toBeLessThanOrEqual(1e-5)
  expect(noiseInput!.largestDifference).toBeLessThanOrEqual(1e-5)
  expect(noiseGraph!.largestDifference).toBeNull()
  const evaluated = folder.read('evaluation').models.find((model) => model.name === LRT)!
  expect(mean!.error).toBe(evaluated.testAtMean!.error)
  expect(mean!.nll).toBeCloseTo(evaluated.testAtMean!.nll, 4)
  expect(Math.abs(noiseGraph!.nll - evaluated.test.nll)).toBeLessThan(0.2)
})

test('the report shows the numbers of the files', () => {
  const document = parseReport(readFileSync(join(out, 'report.html'), 'utf8'))
  const [comparison] = [...document.querySelectorAll('table')].map(cellsOf)
  const { models, rotation, mostCertain, leastCertain } = folder.read('evaluation')
  const lrt = models.find((model) => model.name === LRT)!
  const row = comparison!.find(([name]) => name === 'Local reparameterization')!
  expect(row[4]).toBe(`${(100 * lrt.test.error).toFixed(2)}\u00a0%`)
  expect(row[1]).toBe(lrt.train.elbo.toFixed(4).replace('-', '−'))
  expect(rotation.map((step) => step.degrees)).toEqual([0, 15, 30, 45, 60, 75, 90, 105, 120, 135, 150, 165, 180])
  const shown = rotation.filter((step) => step.degrees % 30 === 0).length
  expect(document.querySelectorAll('.digit')).toHaveLength(mostCertain.length + leastCertain.length + shown)
  expect(document.querySelector('.banner')!.textContent).toContain('Tiny run')
})

test('each stage works from the files of the one before, and the same files give the same report', async () => {
  const before = readFileSync(join(out, 'report.html'), 'utf8')
  const onnx = readFileSync(join(out, 'onnx/lrt-noise-graph.onnx'))
  expect((await demo('report', '--out', out)).code).toBe(0)
  expect(readFileSync(join(out, 'report.html'), 'utf8')).toBe(before)
  expect((await demo('export', '--out', out)).code).toBe(0)
  expect(readFileSync(join(out, 'onnx/lrt-noise-graph.onnx'))).toEqual(onnx)
  expect((await demo('evaluate', '--out', out, '--samples', '3')).code).toBe(0)
  expect(folder.read('evaluation').samples).toBe(3)
  expect((await demo('predict', '--samples', '3', '--out', out)).code).toBe(0)
  expect(folder.read('prediction').scores[2]!.samples).toBe(3)
})

test('the same seed gives the same bits, another seed others', async () => {
  const trained = async (name: string, seed: string): Promise<string[]> => {
    const path = join(parent, name)
    const { code, stderr } = await demo('train', '--tiny', '--epochs', '1', '--seed', seed, '--out', path)
    expect(stderr).not.toMatch(/rror:/)
    expect(code).toBe(0)
    return new RunFolder(path).read('training').models.map((model) => model.sha256)
  }
  const first = await trained('seed-5', '5')
  expect(await trained('seed-5-again', '5')).toEqual(first)
  for (const [i, sha256] of (await trained('seed-6', '6')).entries()) expect(sha256).not.toBe(first[i])
})

test.each([
  ['training.json', 'evaluate', /CorruptRunFileError: .*training\.json is not JSON/],
  ['models/lrt/weights.bin', 'evaluate', /CorruptRunFileError: .*models\/lrt .*checksum differs/],
  ['models/lrt/model.json', 'export', /CorruptRunFileError: .*models\/lrt .*checksum differs/],
  ['onnx/lrt-mean.onnx', 'predict', /CorruptRunFileError: .*lrt-mean\.onnx .*checksum differs. Run 'export' again/],
  ['evaluation.json', 'report', /CorruptRunFileError: .*evaluation\.json is not JSON/],
])('%s cut short: %s names it and writes nothing', async (file, command, message) => {
  const path = join(out, file)
  const good = readFileSync(path)
  const before = files(out)
  try {
    writeFileSync(path, good.subarray(0, good.length >> 1))
    const { code, stderr } = await demo(command, '--out', out)
    expect(code).toBe(1)
    expect(stderr).toMatch(message)
    expect(stderr).not.toMatch(/\n\s+at /)
    expect(files(out)).toEqual(before)
  } finally {
    writeFileSync(path, good)
  }
})

test('a report is not made from two runs', async () => {
  const path = join(out, 'training.json')
  const other = readFileSync(join(parent, 'seed-5', 'training.json'))
  renameSync(path, `${path}.aside`)
  writeFileSync(path, other)
  const { code, stderr } = await demo('report', '--out', out)
  renameSync(`${path}.aside`, path)
  expect(code).toBe(1)
  expect(stderr).toMatch(/StaleRunFileError: .*training\.json was made from another run\.json/)
})
