/**
 * One training step of networks of every estimator, dense and convolutional: ours compiled and eager, the products alone, PyTorch with its fused Adam,
 * eager and torch.compile, and bayesian-torch, all in turns; then the peak memory of each, in a process of its own.
 *
 *     pnpm --filter @tfjs-bayes/bench layers -- --network dense400 lenet --python PYTHON_WITH_TORCH --torch-compile --out results/layers.json
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import * as tf from '@tensorflow/tfjs'
import { useFastestBackend } from '@tfjs-bayes/backend/node'
import type { EstimatorName } from '@tfjs-bayes/layers'
import { type Contestant, interleave } from './interleave.ts'
import { estimatorNames, networks } from './layerNetworks.ts'
import { operatorProducts } from './operatorProducts.ts'
import { PythonPeer } from './pythonPeer.ts'
import { type BenchResult, machine, printTimings, writeResult } from './results.ts'
import { trainingContestant } from './trainingContestant.ts'

const BATCH = 128
const DATASET = 50_000

const { values } = parseArgs({
  // pnpm hands its own `--` on.
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: {
    network: { type: 'string', multiple: true, default: Object.keys(networks) },
    estimator: { type: 'string', multiple: true, default: [...estimatorNames] },
    steps: { type: 'string', default: '30' },
    'warm-up': { type: 'string', default: '6' },
    python: { type: 'string' },
    'torch-compile': { type: 'boolean', default: false },
    memory: { type: 'boolean', default: false },
    out: { type: 'string' },
  },
})
const estimators = values.estimator as EstimatorName[]

const backend = await useFastestBackend()
console.log(backend.message)
const peer = values.python === undefined ? 'no --python given' : await PythonPeer.start(values.python, 'torch_layers.py')
if (typeof peer === 'string') console.log(`Without PyTorch: ${peer}`)

const groups: BenchResult['groups'][number][] = []
let memory: BenchResult['memory']
const steps = { steps: Number(values.steps), warmUp: Number(values['warm-up']) }
for (const network of steps.steps > 0 ? values.network : []) {
  for (const estimator of estimators) {
    const timings = await interleave(contestantsOf(network, estimator), steps)
    const title = `${network}, ${estimator}`
    printTimings(title, timings)
    groups.push({ name: title, timings })
    await save()
    tf.disposeVariables()
  }
}
if (typeof peer !== 'string') peer.stop()
if (values.memory) {
  memory = values.network.flatMap((network) => estimators.map((estimator) => memoryOf(network, estimator)))
  await save()
}

/** After each group: a run that is cut off keeps what it has. */
async function save(): Promise<void> {
  if (values.out === undefined) return
  await writeResult(values.out, {
    bench: 'layers',
    settings: { batch: BATCH, datasetSize: DATASET, ...steps },
    versions: {
      node: process.version,
      tfjs: tf.version.tfjs,
      backend: backend.name,
      oneDnn: process.env['TF_ENABLE_ONEDNN_OPTS'] === '0' ? 'off' : 'on',
      ...(typeof peer === 'string' ? {} : peer.hello),
    },
    machine: machine(),
    groups,
    ...(memory === undefined ? {} : { memory }),
  })
}

/** The first is ours as users run it, compiled: ratios are to it. */
function contestantsOf(network: string, estimator: EstimatorName): Contestant[] {
  const { inputShape, make } = networks[network]!
  const ours = (compiled: boolean): Contestant =>
    trainingContestant({ model: make(estimator), inputShape, batch: BATCH, datasetSize: DATASET, compiled })
  const peers = peerCases(estimator).map(({ name, ...request }) =>
    (peer as PythonPeer).contestant(name, { network, estimator, ...request }),
  )
  return [ours(true), ours(false), operatorProducts(make(estimator), BATCH), ...peers]
}

interface PeerCase {
  readonly name: string
  readonly library: 'torch' | 'bayesian-torch'
  readonly mode: 'eager' | 'compile'
}

/** What the peer can run; bayesian-torch has no local reparameterization. */
function peerCases(estimator: EstimatorName): PeerCase[] {
  if (typeof peer === 'string') return []
  const libraries = estimator === 'localReparameterization' ? ['torch'] : (peer.hello['libraries'] as string[])
  const modes = values['torch-compile'] ? (['eager', 'compile'] as const) : (['eager'] as const)
  const names = { torch: 'PyTorch', 'bayesian-torch': 'bayesian-torch', eager: 'eager, fused Adam', compile: 'torch.compile' }
  return (libraries as PeerCase['library'][]).flatMap((library) =>
    modes.map((mode) => ({ name: `${names[library]} ${names[mode]}`, library, mode })),
  )
}

/** What a few steps take beyond the loaded library at the peak, in MiB, each contestant in a process of its own. */
function memoryOf(network: string, estimator: EstimatorName): { name: string; mebibytes: Record<string, number> } {
  const ours = (mode: string): [string, string[]] => [process.execPath, [here('layersMemory.js'), network, estimator, mode]]
  const processes: [string, string, string[]][] = [
    ['tfjs-bayes compiled', ...ours('compiled')],
    ['tfjs-bayes eager', ...ours('eager')],
    ...peerCases(estimator).map(({ name, ...request }): [string, string, string[]] => {
      const task = JSON.stringify({ network, estimator, ...request })
      return [name, values.python!, [here('../peers/torch_layers.py'), '--memory', task]]
    }),
  ]
  const mebibytes = processes.map(([name, command, args]) => {
    const { stdout, stderr, status } = spawnSync(command, args, { encoding: 'utf8' })
    if (status !== 0) throw new Error(`${name} ended with ${status}: ${stderr}`)
    return [name, (JSON.parse(stdout.trim().split('\n').at(-1)!) as { mebibytes: number }).mebibytes] as const
  })
  const name = `${network}, ${estimator}`
  console.log(
    `\n${name}: peak memory beyond the loaded library\n${mebibytes.map(([who, size]) => `  ${who}: ${size} MiB`).join('\n')}`,
  )
  return { name, mebibytes: Object.fromEntries(mebibytes) }
}

function here(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url))
}
