/**
 * The predictive distribution of MNIST's 10,000 test digits at equal error: PyTorch's hundred plain passes, and ours with as few draws as err no more
 * against 10,000 samples, for each kind of draws; the same trained weights (LRT, 784-H-H-10) on both sides, in turns.
 *
 *     pnpm --filter @tfjs-bayes/bench training-predictive -- --hidden 400 --python PYTHON_WITH_TORCH --out results/training-predictive.json
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import * as tf from '@tensorflow/tfjs'
import { useFastestBackend } from '@tfjs-bayes/backend/node'
import { categorical, type DrawNoise, fit, predictive } from '@tfjs-bayes/training'
import { contestant, interleave, type Timing } from './interleave.ts'
import { mnistData, mnistFolder } from './mnistData.ts'
import { mnistMlp } from './mnistMlp.ts'
import { PythonPeer } from './pythonPeer.ts'
import { machine, printTimings, writeResult } from './results.ts'

const SAMPLES = 100
/** Rows on which errors are measured, and predictions over which they are averaged. */
const ERROR_ROWS = 200
const ERROR_RUNS = 8
/** Draws that are tried, the fewest first. */
const TRIED = [6, 8, 10, 12, 14, 16, 20, 25, 32, 40, 50, 64, 80, 100]

const { values } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: {
    hidden: { type: 'string', multiple: true, default: ['400'] },
    epochs: { type: 'string', default: '3' },
    rows: { type: 'string', default: '10000' },
    reference: { type: 'string', default: '10000' },
    steps: { type: 'string', default: '3' },
    threads: { type: 'string', default: '2' },
    python: { type: 'string' },
    out: { type: 'string' },
  },
})
if (values.python === undefined)
  throw new Error('training-predictive: --python PYTHON_WITH_TORCH is needed: the bench is a comparison.')
const rows = Number(values.rows)

const backend = await useFastestBackend()
console.log(backend.message)
const peer = await PythonPeer.start(values.python, 'torch_training_predictive.py', values.threads, mnistFolder())
if (typeof peer === 'string') throw new Error(`training-predictive: PyTorch does not run: ${peer}`)

const { train, test } = mnistData()
const folder = await mkdtemp(join(tmpdir(), 'tfjs-bayes-bench-'))
const groups: { readonly name: string; readonly timings: readonly Timing[]; readonly errors: Record<string, unknown> }[] = []
try {
  for (const hidden of values.hidden.map(Number)) {
    const model = mnistMlp('localReparameterization', hidden)
    const data = { x: { values: train.x, shape: [train.rows, 784] }, y: train.y }
    await fit(model, data, { likelihood: categorical(), epochs: Number(values.epochs), seed: 1 })
    const theirs = { ...(await sharedWeights(model, hidden)), samples: SAMPLES, first: 0 }
    const errors = await drawsForEqualError(model, theirs)
    console.log(`H = ${hidden}: squared error against ${values.reference} samples`, errors)
    const fewest = Object.entries(errors.draws).filter(([, { samples }]) => samples !== undefined)
    const all = digits(rows)
    const ours = (noise: DrawNoise, samples: number) =>
      contestant(`tfjs-bayes, ${samples} draws, ${noise}`, async () =>
        (await predictive(model, all, { samples, noise, seed: 1 })).dispose(),
      )
    const timings = await interleave(
      [
        peer.contestant(`PyTorch, ${SAMPLES} plain passes`, { ...theirs, rows, mode: 'loop' }),
        peer.contestant('PyTorch, first moments once', { ...theirs, rows, mode: 'cached' }),
        ours('independent', SAMPLES),
        ...fewest.filter(([noise]) => noise !== 'independent').map(([noise, { samples }]) => ours(noise as DrawNoise, samples!)),
      ],
      { steps: Number(values.steps), warmUp: 0, stepsPerTurn: 1, untimedPerTurn: 0 },
    )
    const name = `${rows} rows, H = ${hidden}`
    printTimings(name, timings)
    groups.push({ name, timings, errors })
  }
} finally {
  peer.stop()
  await rm(folder, { recursive: true })
}
if (values.out !== undefined) {
  await writeResult(values.out, {
    bench: 'training-predictive',
    settings: {
      samples: SAMPLES,
      rows,
      hidden: values.hidden,
      epochs: Number(values.epochs),
      reference: Number(values.reference),
    },
    versions: { node: process.version, tfjs: tf.version.tfjs, backend: backend.name, ...peer.hello },
    machine: machine(),
    groups,
  })
}

function digits(count: number): { readonly values: Float32Array; readonly shape: readonly number[] } {
  return { values: test.x.subarray(0, count * 784), shape: [count, 784] }
}

async function sharedWeights(
  model: tf.LayersModel,
  hidden: number,
): Promise<{ readonly weights: string; readonly sizes: number[] }> {
  const weights = join(folder, `weights-${hidden}`)
  const arrays = await Promise.all(model.getWeights().map((weight) => weight.data<'float32'>()))
  await writeFile(weights, Buffer.concat(arrays.map((array) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength))))
  return { weights, sizes: [784, hidden, hidden, 10] }
}

interface Errors {
  /** Mean squared error of PyTorch's probabilities with all passes. */
  readonly torch: number
  /** That of ours with as many independent draws: the same up to the scatter of both. */
  readonly independent: number
  /** For each kind of draws the fewest that err no more than PyTorch's passes. */
  readonly draws: Record<string, { readonly samples: number | undefined; readonly error: number }>
}

async function drawsForEqualError(model: tf.LayersModel, theirs: object): Promise<Errors & Record<string, unknown>> {
  const x = digits(ERROR_ROWS)
  const probabilities = async (samples: number, noise: DrawNoise, seed: number): Promise<Float32Array> => {
    const result = await predictive(model, x, { samples, noise, seed })
    const found = (await result.probabilities.data()) as Float32Array
    result.dispose()
    return found
  }
  const reference = await probabilities(Number(values.reference), 'independent', 1000)
  const squaredError = (found: Float32Array): number =>
    found.reduce((sum, value, i) => sum + (value - reference[i]!) ** 2 / found.length, 0)
  const mean = async (run: (seed: number) => Promise<Float32Array>): Promise<number> => {
    let sum = 0
    for (let seed = 0; seed < ERROR_RUNS; seed++) sum += squaredError(await run(seed)) / ERROR_RUNS
    return sum
  }
  const torch = await mean(async () => {
    const out = join(folder, 'probabilities')
    await (peer as PythonPeer).contestant('PyTorch', { ...theirs, rows: ERROR_ROWS, mode: 'loop', out }).run(1)
    const bytes = await readFile(out)
    return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
  })
  const independent = await mean((seed) => probabilities(SAMPLES, 'independent', seed))
  const draws: Record<string, { samples: number | undefined; error: number }> = {}
  for (const noise of ['antithetic', 'momentMatched', 'sobol'] as const) {
    let error = Number.POSITIVE_INFINITY
    let enough: number | undefined
    for (const samples of TRIED) {
      error = await mean((seed) => probabilities(samples, noise, seed))
      if (error > torch) continue
      enough = samples
      break
    }
    draws[noise] = { samples: enough, error }
  }
  return { torch, independent, draws }
}
