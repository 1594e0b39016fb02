/** The memory of one contestant of the layers bench: `node dist/layersMemory.js NETWORK ESTIMATOR compiled|eager`; prints one line of JSON. */
import * as tf from '@tensorflow/tfjs'
import { useFastestBackend } from '@tfjs-bayes/backend/node'
import type { EstimatorName } from '@tfjs-bayes/layers'
import { networks } from './layerNetworks.ts'
import { trainingContestant } from './trainingContestant.ts'

const STEPS = 8
const [name, estimator, mode] = process.argv.slice(2)
const peak = (): number => process.resourceUsage().maxRSS / 1024

await useFastestBackend()
tf.tidy(() => tf.matMul(tf.ones([8, 8]), tf.ones([8, 8])).dataSync())
const before = peak()
const { inputShape, make } = networks[name!]!
const task = {
  model: make(estimator as EstimatorName),
  inputShape,
  batch: 128,
  datasetSize: 50_000,
  compiled: mode === 'compiled',
}
await trainingContestant(task).run(STEPS)
console.log(JSON.stringify({ mebibytes: Math.round(peak() - before) }))
