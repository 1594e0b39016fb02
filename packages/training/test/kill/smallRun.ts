import { createHash } from 'node:crypto'
import * as tf from '@tensorflow/tfjs'
import { variationalDense } from '@tfjs-bayes/layers'
import { categorical, fit } from '../../src/index.ts'
import { openRunFolder } from '../../src/node.ts'

/** Trains a small model in the run folder of the first argument, saving after each step, and prints a hash of its weights and its history. */
await tf.setBackend('cpu')
const folder = await openRunFolder(process.argv[2]!)
const x = tf.randomNormal([30, 3], 0, 1, 'float32', 1)
const y = tf.tensor1d(
  Array.from({ length: 30 }, (_, i) => i % 3),
  'int32',
)
const model = tf.sequential({
  layers: [variationalDense({ units: 5, inputShape: [3], activation: 'relu', seed: 1 }), variationalDense({ units: 3, seed: 2 })],
})
console.log('started')
const history = await fit(
  model,
  { x, y, validation: { x, y } },
  {
    likelihood: categorical(),
    epochs: 60,
    batchSize: 8,
    seed: 3,
    earlyStopping: {},
    checkpoint: { store: folder, everySeconds: 0 },
  },
)
await folder.close()
const hash = createHash('sha256')
for (const weight of model.getWeights()) hash.update(weight.dataSync())
const figures = history.epochs.map(({ seconds, examplesPerSecond, ...rest }) => rest)
console.log(JSON.stringify({ weights: hash.digest('hex'), figures, bestEpoch: history.bestEpoch, stopped: history.stopped }))
