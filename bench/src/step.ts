/**
 * One training step (forward, ELBO, backward, Adam) of each estimator and of the plain network: compiled to one graph, eager, the products alone, and
 * PyTorch with its fused Adam, eager and torch.compile, all in turns. Batch 128, prior N(0, 0.1^2). `--network` and `--layers` choose, and may be repeated.
 *
 *     pnpm --filter @tfjs-bayes/bench step -- --python PYTHON_WITH_TORCH --out results/step.json
 */
import { parseArgs } from 'node:util'
import * as tf from '@tensorflow/tfjs'
import { useFastestBackend } from '@tfjs-bayes/backend/node'
import { type Contestant, interleave } from './interleave.ts'
import { type LayerKind, layerKinds, networks } from './layerNetworks.ts'
import { operatorProducts } from './operatorProducts.ts'
import { PythonPeer } from './pythonPeer.ts'
import { machine, printTimings, writeResult } from './results.ts'
import { trainingContestant } from './trainingContestant.ts'

const BATCH = 128
const DATASET = 50_000

const { values } = parseArgs({
  // pnpm hands its own `--` on.
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: {
    network: { type: 'string', multiple: true, default: ['dense400', 'dense1200', 'lenet'] },
    layers: { type: 'string', multiple: true, default: [...layerKinds] },
    steps: { type: 'string', default: '30' },
    python: { type: 'string' },
    out: { type: 'string' },
  },
})

const backend = await useFastestBackend()
console.log(backend.message)
const peer = values.python === undefined ? 'no --python given' : await PythonPeer.start(values.python, 'torch_layers.py')
if (typeof peer === 'string') console.log(`Without PyTorch: ${peer}`)

const groups = []
for (const network of values.network) {
  for (const kind of values.layers as LayerKind[]) {
    const timings = await interleave(contestantsOf(network, kind), { steps: Number(values.steps), warmUp: 6 })
    const title = `${network}, ${kind}`
    printTimings(title, timings)
    groups.push({ name: title, timings })
    tf.disposeVariables()
  }
}
if (typeof peer !== 'string') peer.stop()
if (values.out !== undefined) {
  await writeResult(values.out, {
    bench: 'step',
    settings: {
      batch: BATCH,
      datasetSize: DATASET,
      steps: Number(values.steps),
      oneDnn: process.env['TF_ENABLE_ONEDNN_OPTS'] === '0' ? 'off' : 'on',
    },
    versions: {
      node: process.version,
      tfjs: tf.version.tfjs,
      backend: backend.name,
      ...(typeof peer === 'string' ? {} : { torch: peer.hello['torch'], threads: peer.hello['threads'] }),
    },
    machine: machine(),
    groups,
  })
}

/** The first is ours as users run it, compiled: ratios are to it. */
function contestantsOf(network: string, kind: LayerKind): Contestant[] {
  const { inputShape, make } = networks[network]!
  const ours = (compiled: boolean): Contestant =>
    trainingContestant({ model: make(kind), inputShape, batch: BATCH, datasetSize: DATASET, compiled })
  // A plain layer takes one product, as one with drawn weights does.
  const products = operatorProducts(make(kind === 'deterministic' ? 'weightSampling' : kind), BATCH)
  const found = [ours(true), ours(false), products]
  if (typeof peer === 'string') return found
  const request = { network, estimator: kind, library: 'torch' }
  return [
    ...found,
    peer.contestant('PyTorch eager, fused Adam', { ...request, mode: 'eager' }),
    peer.contestant('PyTorch torch.compile', { ...request, mode: 'compile' }),
  ]
}
