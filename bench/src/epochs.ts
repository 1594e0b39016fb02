/**
 * Whole epochs of MNIST (50,000 digits, batches of 128) with an LRT network 784-H-H-10, from the data in memory to the epoch's figures: ours through `fit`,
 * PyTorch with its fused Adam, in turns. With --target also the time that each takes, from a new network on, to a validation ELBO.
 *
 *     pnpm --filter @tfjs-bayes/bench epochs -- --hidden 400 --hidden 1200 --python PYTHON_WITH_TORCH --out results/epochs.json
 *     pnpm --filter @tfjs-bayes/bench epochs -- --hidden 400 --epochs 0 --target=-1 --python PYTHON_WITH_TORCH --out results/time-to-elbo.json
 */
import { parseArgs } from 'node:util'
import * as tf from '@tensorflow/tfjs'
import { useFastestBackend } from '@tfjs-bayes/backend/node'
import { categorical, fit } from '@tfjs-bayes/training'
import { type Contestant, contestant, interleave, type Timing } from './interleave.ts'
import { type Digits, mnistData, mnistFolder } from './mnistData.ts'
import { mnistMlp } from './mnistMlp.ts'
import { PythonPeer } from './pythonPeer.ts'
import { machine, printTimings, writeResult } from './results.ts'

const { values } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: {
    hidden: { type: 'string', multiple: true, default: ['400', '1200'] },
    feeding: { type: 'string', multiple: true, default: ['randperm', 'loader'] },
    epochs: { type: 'string', default: '5' },
    threads: { type: 'string', default: '2' },
    target: { type: 'string' },
    runs: { type: 'string', default: '1' },
    most: { type: 'string', default: '30' },
    python: { type: 'string' },
    out: { type: 'string' },
  },
})

const backend = await useFastestBackend()
console.log(backend.message)
const peer =
  values.python === undefined
    ? 'no --python given'
    : await PythonPeer.start(values.python, 'torch_epochs.py', values.threads, mnistFolder())
if (typeof peer === 'string') console.log(`Without PyTorch: ${peer}`)

const { train, validation } = mnistData()
const [training, held] = [tensors(train), tensors(validation)]
const groups: { readonly name: string; readonly timings: readonly Timing[] }[] = []
for (const hidden of values.hidden.map(Number)) {
  const contestants = [ourEpochs(hidden), ...peers('epoch', { hidden })]
  const epochs = Number(values.epochs)
  if (epochs > 0) {
    await record(`an epoch, H = ${hidden}`, contestants, { steps: epochs, warmUp: 1 })
  }
  if (values.target !== undefined) {
    const [target, most] = [Number(values.target), Number(values.most)]
    const races = [ourRace(hidden, target, most), ...peers('elbo', { hidden, target, most })]
    await record(`to a validation ELBO of ${target} nats per example, H = ${hidden}`, races, {
      steps: Number(values.runs),
      warmUp: 0,
    })
  }
}
if (typeof peer !== 'string') peer.stop()
if (values.out !== undefined) {
  await writeResult(values.out, {
    bench: 'epochs',
    settings: { batch: 128, rows: train.rows, hidden: values.hidden, epochs: Number(values.epochs), target: values.target },
    versions: {
      node: process.version,
      tfjs: tf.version.tfjs,
      backend: backend.name,
      ...(typeof peer === 'string' ? {} : peer.hello),
    },
    machine: machine(),
    groups,
  })
}

async function record(
  name: string,
  contestants: readonly Contestant[],
  options: { readonly steps: number; readonly warmUp: number },
): Promise<void> {
  const timings = await interleave(contestants, { ...options, stepsPerTurn: 1, untimedPerTurn: 0 })
  printTimings(name, timings)
  groups.push({ name, timings })
}

function tensors({ x, y, rows }: Digits): { readonly x: tf.Tensor2D; readonly y: tf.Tensor1D } {
  return { x: tf.tensor2d(x, [rows, 784]), y: tf.tensor1d(y, 'int32') }
}

/** One run of `fit` that waits after each epoch until it is the next one's turn. */
function ourEpochs(hidden: number): Contestant {
  let grant: () => void
  let told: () => void
  let granted = new Promise<void>((resolve) => {
    grant = resolve
  })
  let done = Promise.resolve()
  const epoch = async (): Promise<void> => {
    done = new Promise((resolve) => {
      told = resolve
    })
    grant()
    await done
  }
  const onEpoch = async (): Promise<void> => {
    granted = new Promise((resolve) => {
      grant = resolve
    })
    told()
    await granted
  }
  void granted.then(() =>
    fit(mnistMlp('localReparameterization', hidden), training, {
      likelihood: categorical(),
      epochs: 1_000_000,
      batchSize: 128,
      seed: 1,
      onEpoch,
    }),
  )
  return contestant('tfjs-bayes fit', epoch)
}

function ourRace(hidden: number, target: number, most: number): Contestant {
  let seed = 0
  return contestant('tfjs-bayes fit', async () => {
    const abort = new AbortController()
    const history = await fit(
      mnistMlp('localReparameterization', hidden),
      { ...training, validation: held },
      {
        likelihood: categorical(),
        epochs: most,
        batchSize: 128,
        seed: seed++,
        signal: abort.signal,
        onEpoch: ({ validation: scored }) => {
          if (scored!.elbo >= target) abort.abort()
        },
      },
    )
    const last = history.epochs.at(-1)!.validation!
    console.log(`  ours: ELBO ${last.elbo.toFixed(4)} after ${history.epochs.length} epochs`)
  })
}

function peers(task: string, request: object): Contestant[] {
  if (typeof peer === 'string') return []
  const names: Record<string, string> = { randperm: 'PyTorch, rows by randperm', loader: 'PyTorch, DataLoader' }
  return values.feeding.map((feeding) => peer.contestant(names[feeding] ?? feeding, { task, feeding, ...request }))
}
