/**
 * One training step (forward, ELBO, backward, Adam) of networks of every estimator and of the plain ones, dense and convolutional: ours compiled and eager,
 * the products alone, PyTorch with its fused Adam, eager and torch.compile, and bayesian-torch where it is installed, all in turns; with `--memory` the
 * peak memory of each, in a process of its own. `--network` and `--layers` choose, and may be repeated; figures of other groups that stand in the
 * file of `--out` stay there, where machine and versions are the same.
 *
 *     pnpm --filter @tfjs-bayes/bench step -- --network dense400 --network lenet --memory --python PYTHON_WITH_TORCH --out results/step.json
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import * as tf from '@tensorflow/tfjs'
import { useFastestBackend } from '@tfjs-bayes/backend/node'
import { type Contestant, interleave } from './interleave.ts'
import { type LayerKind, layerKinds, networks } from './layerNetworks.ts'
import { operatorProducts } from './operatorProducts.ts'
import { PythonPeer } from './pythonPeer.ts'
import { addToResult, machine, printTimings } from './results.ts'
import { trainingContestant } from './trainingContestant.ts'

const BATCH = 128
const DATASET = 50_000

const { values } = parseArgs({
  // pnpm hands its own `--` on.
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: {
    network: { type: 'string', multiple: true, default: Object.keys(networks) },
    layers: { type: 'string', multiple: true, default: [...layerKinds] },
    steps: { type: 'string', default: '30' },
    'warm-up': { type: 'string', default: '6' },
    memory: { type: 'boolean', default: false },
    python: { type: 'string' },
    out: { type: 'string' },
  },
})

const backend = await useFastestBackend()
console.log(backend.message)
const peer = values.python === undefined ? 'no --python given' : await PythonPeer.start(values.python, 'torch_layers.py')
if (typeof peer === 'string') console.log(`Without PyTorch: ${peer}`)

for (const network of values.network) {
  for (const kind of values.layers as LayerKind[]) {
    const name = `${network}, ${kind}`
    if (Number(values.steps) > 0) {
      const timings = await interleave(contestantsOf(network, kind), {
        steps: Number(values.steps),
        warmUp: Number(values['warm-up']),
      })
      printTimings(name, timings)
      await save({ groups: [{ name, timings }] })
      tf.disposeVariables()
    }
    if (values.memory) await save({ groups: [], memory: [memoryOf(network, kind)] })
  }
}
if (typeof peer !== 'string') peer.stop()

/** After each group: a run that is cut off keeps what it has. */
async function save(figures: Pick<Parameters<typeof addToResult>[1], 'groups' | 'memory'>): Promise<void> {
  if (values.out === undefined) return
  await addToResult(values.out, {
    bench: 'step',
    settings: { batch: BATCH, datasetSize: DATASET, oneDnn: process.env['TF_ENABLE_ONEDNN_OPTS'] === '0' ? 'off' : 'on' },
    versions: {
      node: process.version,
      tfjs: tf.version.tfjs,
      backend: backend.name,
      ...(typeof peer === 'string' ? {} : peer.hello),
    },
    machine: machine(),
    ...figures,
  })
}

/** The first is ours as users run it, compiled: ratios are to it. */
function contestantsOf(network: string, kind: LayerKind): Contestant[] {
  const { inputShape, make } = networks[network]!
  const ours = (compiled: boolean): Contestant =>
    trainingContestant({ model: make(kind), inputShape, batch: BATCH, datasetSize: DATASET, compiled })
  // A plain layer takes one product, as one with drawn weights does.
  const products = operatorProducts(make(kind === 'deterministic' ? 'weightSampling' : kind), BATCH)
  const peers = peerCases(kind).map(({ name, ...request }) =>
    (peer as PythonPeer).contestant(name, { network, estimator: kind, ...request }),
  )
  return [ours(true), ours(false), products, ...peers]
}

interface PeerCase {
  readonly name: string
  readonly library: 'torch' | 'bayesian-torch'
  readonly mode: 'eager' | 'compile'
}

/** What the peer can run; bayesian-torch has no local reparameterization, and its plain layers are PyTorch's. */
function peerCases(kind: LayerKind): PeerCase[] {
  if (typeof peer === 'string') return []
  const both = kind === 'weightSampling' || kind === 'flipout'
  const libraries = both ? (peer.hello['libraries'] as PeerCase['library'][]) : (['torch'] as const)
  const names = { torch: 'PyTorch', 'bayesian-torch': 'bayesian-torch', eager: 'eager, fused Adam', compile: 'torch.compile' }
  return libraries.flatMap((library) =>
    (['eager', 'compile'] as const).map((mode) => ({ name: `${names[library]} ${names[mode]}`, library, mode })),
  )
}

/** What a few steps take beyond the loaded library at the peak, in MiB, each contestant in a process of its own. */
function memoryOf(network: string, kind: LayerKind): { name: string; mebibytes: Record<string, number> } {
  const ours = (mode: string): [string, string[]] => [process.execPath, [here('stepMemory.js'), network, kind, mode]]
  const processes: [string, string, string[]][] = [
    ['tfjs-bayes compiled', ...ours('compiled')],
    ['tfjs-bayes eager', ...ours('eager')],
    ...peerCases(kind).map(({ name, ...request }): [string, string, string[]] => {
      const task = JSON.stringify({ network, estimator: kind, ...request })
      return [name, values.python!, [here('../peers/torch_layers.py'), '--memory', task]]
    }),
  ]
  const mebibytes = processes.map(([name, command, args]) => {
    const { stdout, stderr, status } = spawnSync(command, args, { encoding: 'utf8' })
    if (status !== 0) throw new Error(`${name} ended with ${status}: ${stderr}`)
    return [name, (JSON.parse(stdout.trim().split('\n').at(-1)!) as { mebibytes: number }).mebibytes] as const
  })
  const name = `${network}, ${kind}`
  console.log(
    `\n${name}: peak memory beyond the loaded library\n${mebibytes.map(([who, size]) => `  ${who}: ${size} MiB`).join('\n')}`,
  )
  return { name, mebibytes: Object.fromEntries(mebibytes) }
}

function here(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url))
}
