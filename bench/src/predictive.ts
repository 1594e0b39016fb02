/**
 * The posterior predictive (mean of S softmax outputs) of an LRT network 784-H-H-10: our ONNX file on onnxruntime, tfjs, and PyTorch's S passes, plain and
 * with the first layer's moments computed once, in turns.
 *
 *     pnpm --filter @tfjs-bayes/bench predictive -- --hidden 400 --rows 1000 --python PYTHON_WITH_TORCH --out results/predictive.json
 */
import { parseArgs } from 'node:util'
import * as tf from '@tensorflow/tfjs'
import { useFastestBackend } from '@tfjs-bayes/backend/node'
import { exportModel } from '@tfjs-bayes/onnx'
import { loadPredictor } from '@tfjs-bayes/onnx/node'
import { predictive } from '@tfjs-bayes/training'
import { type Contestant, contestant, interleave } from './interleave.ts'
import { mnistMlp } from './mnistMlp.ts'
import { PythonPeer } from './pythonPeer.ts'
import { machine, printTimings, writeResult } from './results.ts'

const { values } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: {
    hidden: { type: 'string', multiple: true, default: ['400'] },
    rows: { type: 'string', multiple: true, default: ['1000', '1'] },
    samples: { type: 'string', default: '100' },
    steps: { type: 'string', default: '9' },
    python: { type: 'string' },
    out: { type: 'string' },
  },
})
const samples = Number(values.samples)

const backend = await useFastestBackend()
console.log(backend.message)
const peer = values.python === undefined ? 'no --python given' : await PythonPeer.start(values.python, 'torch_predictive.py')
if (typeof peer === 'string') console.log(`Without PyTorch: ${peer}`)

const groups = []
for (const hidden of values.hidden.map(Number)) {
  for (const rows of values.rows.map(Number)) {
    const timings = await interleave(await contestantsOf(hidden, rows), { steps: Number(values.steps), warmUp: 2 })
    const title = `S = ${samples}, ${rows} rows, H = ${hidden}`
    printTimings(title, timings)
    groups.push({ name: title, timings })
  }
}
if (typeof peer !== 'string') peer.stop()
if (values.out !== undefined) {
  await writeResult(values.out, {
    bench: 'predictive',
    settings: { hidden: values.hidden, rows: values.rows, samples },
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

async function contestantsOf(hidden: number, rows: number): Promise<Contestant[]> {
  const model = mnistMlp('localReparameterization', hidden)
  const x = tf.randomUniform([rows, 784], 0, 1, 'float32', 1)
  const data = (await x.data()) as Float32Array
  const bayesian = await loadPredictor(exportModel(model, { mode: 'localReparameterization', noise: 'graph', samples }))
  const mean = await loadPredictor(exportModel(model, { mode: 'mean' }))
  const found = [
    contestant('ONNX, draws in the graph', () => bayesian.predict(data)),
    contestant('ONNX, posterior mean', () => mean.predict(data)),
    contestant('tfjs predictive', async () => (await predictive(model, x, { samples, seed: 1 })).dispose()),
  ]
  if (typeof peer === 'string') return found
  const request = { hidden, rows, samples }
  found.push(peer.contestant('PyTorch, S passes', { ...request, mode: 'loop' }))
  found.push(peer.contestant('PyTorch, first moments once', { ...request, mode: 'cached' }))
  return found
}
