/** The memory of one contestant of the step bench: `node dist/stepMemory.js NETWORK LAYERS compiled|eager`; prints one line of JSON. */
import * as tf from '@tensorflow/tfjs'
import { useFastestBackend } from '@tfjs-bayes/backend/node'
import { type LayerKind, networks } from './layerNetworks.ts'
import { trainingContestant } from './trainingContestant.ts'

const STEPS = 8
const [name, kind, mode] = process.argv.slice(2)
const peak = (): number => process.resourceUsage().maxRSS / 1024

await useFastestBackend()
tf.tidy(() => tf.matMul(tf.ones([8, 8]), tf.ones([8, 8])).dataSync())
const before = peak()
const { inputShape, make } = networks[name!]!
const task = {
  model: make(kind as LayerKind),
  inputShape,
  batch: 128,
  datasetSize: 50_000,
  compiled: mode === 'compiled',
}
await trainingContestant(task).run(STEPS)
console.log(JSON.stringify({ mebibytes: Math.round(peak() - before) }))
