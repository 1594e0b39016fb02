/**
 * Where the time of a training step goes, by op: each op of the step is timed on its own as TensorFlow runs it eagerly, beside the compiled step as a
 * whole, in which ops run next to each other and small ones cost next to nothing.
 *
 *     pnpm --filter @tfjs-bayes/bench step-ops -- --network dense1200 --layers localReparameterization
 */
import { parseArgs } from 'node:util'
import { useFastestBackend } from '@tfjs-bayes/backend/node'
import { interleave } from './interleave.ts'
import { type LayerKind, networks } from './layerNetworks.ts'
import { timeNativeOps } from './nativeOps.ts'
import { trainingContestant } from './trainingContestant.ts'

const { values } = parseArgs({
  // pnpm hands its own `--` on.
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: {
    network: { type: 'string', default: 'dense1200' },
    layers: { type: 'string', default: 'localReparameterization' },
    steps: { type: 'string', default: '20' },
  },
})

const backend = await useFastestBackend()
console.log(backend.message)
const { inputShape, make } = networks[values.network]!
const steps = Number(values.steps)
const contestant = (compiled: boolean) =>
  trainingContestant({ model: make(values.layers as LayerKind), inputShape, batch: 128, datasetSize: 50_000, compiled })
const [timing] = await interleave([contestant(true)], { steps, warmUp: 6 })
const eager = contestant(false)
await eager.run(4)
const calls = await timeNativeOps(() => eager.run(steps))

/** Ops of one name on tensors of one size class. */
interface Row {
  readonly op: string
  readonly on: string
  calls: number
  milliseconds: number
}

const rows = new Map<string, Row>()
for (const { op, elements, milliseconds } of calls) {
  const on = elements >= 400_000 ? 'weights' : elements >= 10_000 ? 'activations' : 'small'
  const row = rows.get(`${op} ${on}`) ?? { op, on, calls: 0, milliseconds: 0 }
  row.calls += 1 / steps
  row.milliseconds += milliseconds / steps
  rows.set(`${op} ${on}`, row)
}
const sorted = [...rows.values()].sort((a, b) => b.milliseconds - a.milliseconds)
const total = sorted.reduce((sum, { milliseconds }) => sum + milliseconds, 0)
console.log(
  `\n${values.network}, ${values.layers}: compiled step ${timing!.medianMs.toFixed(1)} ms; its ops one by one ${total.toFixed(1)} ms`,
)
console.log(`| op | on | calls | ms | share |\n| --- | --- | ---: | ---: | ---: |`)
for (const { op, on, calls: count, milliseconds } of sorted) {
  const share = milliseconds / total
  if (share >= 0.005)
    console.log(`| ${op} | ${on} | ${Math.round(count)} | ${milliseconds.toFixed(2)} | ${(100 * share).toFixed(1)} % |`)
}
