/**
 * The posterior predictive (mean of S softmax outputs) of a Bayesian network as one ONNX file on onnxruntime: with shared draws stored in the file (as many as
 * err like S independent ones, see onnxDraws.ts), with S draws in the graph, by moments, and the posterior means alone, against PyTorch's S passes, plain and in
 * its faster forms, and tfjs's; in turns.
 *
 *     pnpm --filter @tfjs-bayes/bench onnx -- --network dense400 --rows 1000 --python PYTHON_WITH_TORCH --out results/onnx-dense400.json
 */
import { parseArgs } from 'node:util'
import * as tf from '@tensorflow/tfjs'
import { useFastestBackend } from '@tfjs-bayes/backend/node'
import { type ExportOptions, exportModel } from '@tfjs-bayes/onnx'
import { loadPredictor } from '@tfjs-bayes/onnx/node'
import { predictive } from '@tfjs-bayes/training'
import { type Contestant, contestant, interleave } from './interleave.ts'
import { networks } from './layerNetworks.ts'
import { PythonPeer } from './pythonPeer.ts'
import { machine, printTimings, writeResult } from './results.ts'

const { values } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: {
    network: { type: 'string', multiple: true, default: ['dense400'] },
    rows: { type: 'string', multiple: true, default: ['1000', '1'] },
    samples: { type: 'string', default: '100' },
    shared: { type: 'string', multiple: true, default: ['24'] },
    steps: { type: 'string', default: '3' },
    // Before each timed step, where more rows than one are predicted.
    untimed: { type: 'string', default: '1' },
    threads: { type: 'string', default: '2' },
    python: { type: 'string' },
    ours: { type: 'boolean', default: false },
    out: { type: 'string' },
  },
})
const samples = Number(values.samples)
const shared = values.shared.map(Number)
const threads = Number(values.threads)
const steps = Number(values.steps)
/** Only our own files, for a look at them. */
const oursOnly = values.ours

const backend = await useFastestBackend()
console.log(backend.message)
const peer =
  values.python === undefined ? 'no --python given' : await PythonPeer.start(values.python, 'torch_predictive.py', values.threads)
if (typeof peer === 'string') console.log(`Without PyTorch: ${peer}`)

const groups = []
for (const network of values.network) {
  const model = networks[network]!.make('localReparameterization')
  for (const rows of values.rows.map(Number)) {
    const contestants = await contestantsOf(network, model, rows)
    // A thousand rows take seconds in the slow forms, one row less than a millisecond, in which threads that others left spinning are felt.
    const options =
      rows === 1
        ? { steps: 20 * steps, stepsPerTurn: 20, untimedPerTurn: 20, warmUp: 5 }
        : { steps, stepsPerTurn: 1, untimedPerTurn: Number(values.untimed), warmUp: 1 }
    const timings = await interleave(contestants, options)
    const title = `${network}, S = ${samples}, ${rows} rows`
    printTimings(title, timings)
    groups.push({ name: title, timings })
  }
  model.dispose()
}
if (typeof peer !== 'string') peer.stop()
if (values.out !== undefined) {
  await writeResult(values.out, {
    bench: 'onnx',
    settings: { network: values.network, rows: values.rows, samples, shared, threads },
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

async function contestantsOf(network: string, model: tf.LayersModel, rows: number): Promise<Contestant[]> {
  const { inputShape } = networks[network]!
  // As digits have it, most inputs are 0.
  const x = tf.tidy(() => {
    const noise = tf.randomUniform([rows, ...inputShape], 0, 1, 'float32', 1)
    return tf.mul(noise, tf.greater(noise, 0.8).toFloat())
  })
  const data = (await x.data()) as Float32Array
  const file = async (name: string, options: ExportOptions): Promise<Contestant> => {
    const predictor = await loadPredictor(exportModel(model, options), { providers: ['cpu'], threads })
    return contestant(name, () => predictor.predict(data))
  }
  const found: Contestant[] = []
  for (const count of shared) {
    found.push(
      await file(`ONNX, ${count} shared draws stored`, { mode: 'localReparameterization', noise: 'baked', samples: count }),
    )
  }
  found.push(await file('ONNX, posterior mean', { mode: 'mean' }), await file('ONNX, moments', { mode: 'moments' }))
  if (oursOnly) return found
  found.push(
    await file(`ONNX, ${samples} draws in the graph`, { mode: 'localReparameterization', noise: 'graph', samples }),
    contestant(`tfjs, ${samples} draws`, async () => (await predictive(model, x, { samples, seed: 1 })).dispose()),
  )
  if (typeof peer === 'string') return found
  const request = { network, rows, samples }
  found.push(peer.contestant(`PyTorch, ${samples} passes`, { ...request, mode: 'loop' }))
  found.push(peer.contestant('PyTorch, first moments once', { ...request, mode: 'cached' }))
  found.push(peer.contestant('PyTorch, first moments once, 10 draws at a time', { ...request, mode: 'chunks' }))
  return found
}
