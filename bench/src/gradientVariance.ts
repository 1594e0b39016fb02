/**
 * The variance of the gradient that the noise of each estimator causes: the same network with the same weights, the same minibatches, after some epochs
 * with the local trick (Kingma et al., 2015, table 1; Wen et al., 2018, section 4.1). No timings: any machine gives the same numbers.
 *
 *     pnpm --filter @tfjs-bayes/bench gradient-variance -- --out results/gradientVariance.json
 */
import { parseArgs } from 'node:util'
import * as tf from '@tensorflow/tfjs'
import { useFastestBackend } from '@tfjs-bayes/backend/node'
import { categorical, fit, gradientVariance, type LayerGradientVariance } from '@tfjs-bayes/training'
import { estimatorNames } from './layerNetworks.ts'
import { mnistMlp } from './mnistMlp.ts'
import { machine, writeResult } from './results.ts'

const BATCH = 128
const likelihood = categorical()

const { values } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: {
    hidden: { type: 'string', default: '400' },
    rows: { type: 'string', default: '5120' },
    epochs: { type: 'string', default: '5' },
    batches: { type: 'string', default: '5' },
    draws: { type: 'string', default: '50' },
    out: { type: 'string' },
  },
})
const [hidden, rows, epochs, batches, draws] = [values.hidden, values.rows, values.epochs, values.batches, values.draws].map(
  Number,
)

const backend = await useFastestBackend()
console.log(backend.message)
const data = teacher(rows!)
const trained = mnistMlp('localReparameterization', hidden!)
await fit(trained, data, { likelihood, epochs: epochs!, batchSize: BATCH, learningRate: 1e-3, seed: 1 })

const minibatches = Array.from({ length: batches! }, (_, i) => ({
  x: data.x.slice(i * BATCH, BATCH),
  y: data.y.slice(i * BATCH, BATCH),
}))
const variances: Record<string, LayerGradientVariance[]> = {}
for (const estimator of estimatorNames) {
  const model = mnistMlp(estimator, hidden!)
  model.setWeights(trained.getWeights())
  variances[estimator] = await gradientVariance(model, minibatches, { likelihood, datasetSize: rows!, draws: draws!, seed: 2 })
}

const local = variances['localReparameterization']!
for (const [estimator, layers] of Object.entries(variances)) {
  const row = layers.map(({ mu, rho }, i) => {
    const ratio = (value: number, to: number): string => `${value.toExponential(2)} (${(value / to).toFixed(2)})`
    return `layer ${i}: mu ${ratio(mu, local[i]!.mu)}, rho ${ratio(rho, local[i]!.rho)}`
  })
  console.log(`${estimator.padEnd(24)} ${row.join('; ')}`)
}
console.log('In brackets: over that of localReparameterization.')
if (values.out !== undefined) {
  await writeResult(values.out, {
    bench: 'gradientVariance',
    settings: { batch: BATCH, hidden, rows, epochs, batches, draws },
    versions: { node: process.version, tfjs: tf.version.tfjs, backend: backend.name },
    machine: machine(),
    groups: [],
    variances,
  })
}

/** Inputs like images (a third of the pixels lit) with the labels of a random network. */
function teacher(n: number): { x: tf.Tensor2D; y: tf.Tensor1D } {
  return tf.tidy(() => {
    const x = tf.relu(tf.sub(tf.randomUniform([n, 784], 0, 1.5, 'float32', 1), 1)).mul(2) as tf.Tensor2D
    const features = tf.matMul(x, tf.randomNormal([784, 30], 0, 0.1, 'float32', 2)).tanh() as tf.Tensor2D
    const logits = tf.matMul(features, tf.randomNormal([30, 10], 0, 1, 'float32', 3))
    const y = logits.sub(logits.mean(0)).argMax(1) as tf.Tensor1D
    return { x, y }
  })
}
