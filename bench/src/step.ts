/**
 * One training step (forward, ELBO, backward, Adam) of 784-H-H-10 at batch 128: compiled to one graph, eager, the matrix products alone, and PyTorch
 * with its fused Adam, eager and torch.compile, all in turns.
 *
 *     pnpm --filter @tfjs-bayes/bench step -- --hidden 400 1200 --python PYTHON_WITH_TORCH --out results/step.json
 */
import { parseArgs } from 'node:util'
import * as tf from '@tensorflow/tfjs'
import { compile } from '@tfjs-bayes/backend/compile'
import { useFastestBackend } from '@tfjs-bayes/backend/node'
import { categorical, trainingStep } from '@tfjs-bayes/training'
import { type Contestant, contestant, interleave } from './interleave.ts'
import { type Case, cases, mnistMlp } from './mnistMlp.ts'
import { PythonPeer } from './pythonPeer.ts'
import { machine, printTimings, writeResult } from './results.ts'

const BATCH = 128
const DATASET = 50_000

const { values } = parseArgs({
  // pnpm hands its own `--` on.
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: {
    hidden: { type: 'string', multiple: true, default: ['400', '1200'] },
    case: { type: 'string', multiple: true, default: [...cases] },
    steps: { type: 'string', default: '30' },
    python: { type: 'string' },
    'torch-compile': { type: 'boolean', default: false },
    out: { type: 'string' },
  },
})

const backend = await useFastestBackend()
console.log(backend.message)
const peer = values.python === undefined ? 'no --python given' : await PythonPeer.start(values.python, 'torch_step.py')
if (typeof peer === 'string') console.log(`Without PyTorch: ${peer}`)

const groups = []
for (const hidden of values.hidden.map(Number)) {
  for (const name of values.case as Case[]) {
    const contestants = contestantsOf(name, hidden)
    const timings = await interleave(contestants, { steps: Number(values.steps), warmUp: 6 })
    const title = `${name}, H = ${hidden}`
    printTimings(title, timings)
    groups.push({ name: title, timings })
  }
}
if (typeof peer !== 'string') peer.stop()
if (values.out !== undefined) {
  await writeResult(values.out, {
    bench: 'step',
    settings: { batch: BATCH, datasetSize: DATASET, hidden: values.hidden, steps: Number(values.steps) },
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

/** The first is ours as users run it, compiled: ratios are to it. */
function contestantsOf(name: Case, hidden: number): Contestant[] {
  const found = [ours(name, hidden, true), ours(name, hidden, false), matrixProducts(name, hidden)]
  if (typeof peer === 'string') return found
  found.push(peer.contestant('PyTorch eager, fused Adam', { case: name, hidden, mode: 'eager' }))
  if (values['torch-compile']) found.push(peer.contestant('PyTorch torch.compile', { case: name, hidden, mode: 'compile' }))
  return found
}

function ours(name: Case, hidden: number, compiled: boolean): Contestant {
  const model = mnistMlp(name, hidden)
  const optimizer = tf.train.adam(1e-3)
  const eager = trainingStep({ model, likelihood: categorical(), optimizer, datasetSize: DATASET, samples: 1, seed: 1 })
  const step = compiled ? compile(eager) : eager
  const x = tf.randomUniform([BATCH, 784], 0, 1, 'float32', 1)
  const y = tf.range(0, BATCH, 1, 'int32').mod(tf.scalar(10, 'int32')).toInt()
  const beta = tf.scalar(1)
  let counter = 0
  return contestant(compiled ? 'tfjs-bayes compiled' : 'tfjs-bayes eager', () => {
    const result = step(x, y, tf.scalar(counter++, 'int32'), beta)
    // Reading the loss waits for the step's end, as PyTorch's loss.item() does.
    const loss = result.nll.dataSync()[0]
    tf.dispose(result)
    return loss
  })
}

/** Forward and backward products of the layers and nothing else: two for each forward product and, but for the first layer's input, two for each gradient. */
function matrixProducts(name: Case, hidden: number): Contestant {
  const sizes = [784, hidden, hidden, 10]
  const perProduct = name === 'localReparameterization' ? 2 : 1
  const layers = sizes.slice(1).map((units, index) => {
    const inputs = sizes[index]!
    return {
      x: tf.randomNormal([BATCH, inputs]),
      w: tf.randomNormal([inputs, units]),
      dy: tf.randomNormal([BATCH, units]),
      first: index === 0,
    }
  })
  return contestant('matrix products alone', () =>
    tf.tidy(() => {
      let last: tf.Tensor | undefined
      for (const { x, w, dy, first } of layers) {
        for (let i = 0; i < perProduct; i++) {
          tf.matMul(x, w)
          last = tf.matMul(x, dy, true)
          if (!first) tf.matMul(dy, w, false, true)
        }
      }
      return last!.slice([0, 0], [1, 1]).dataSync()[0]
    }),
  )
}
