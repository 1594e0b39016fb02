/**
 * How many shared draws, stored in a file, err like S independent ones: squared error of the class probabilities against 10,000 draws, on test digits, of networks
 * trained on MNIST; and what moments and draws of the weights err. No times are taken.
 *
 *     pnpm --filter @tfjs-bayes/bench onnx-draws -- --network lenet --out results/onnx-draws-lenet.json
 */
import { parseArgs } from 'node:util'
import * as tf from '@tensorflow/tfjs'
import { useFastestBackend } from '@tfjs-bayes/backend/node'
import { type ExportOptions, exportModel } from '@tfjs-bayes/onnx'
import { loadPredictor, type Predictor } from '@tfjs-bayes/onnx/node'
import { categorical, fit } from '@tfjs-bayes/training'
import { networks } from './layerNetworks.ts'
import { mnistData } from './mnistData.ts'
import { machine, writeResult } from './results.ts'

const { values } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: {
    network: { type: 'string', multiple: true, default: ['dense400'] },
    samples: { type: 'string', default: '100' },
    rows: { type: 'string', default: '100' },
    reference: { type: 'string', default: '10000' },
    seeds: { type: 'string', default: '16' },
    epochs: { type: 'string', default: '2' },
    // Where model.save put such networks, by name: instead of training them.
    saved: { type: 'string' },
    out: { type: 'string' },
  },
})
const [samples, rows, reference, seeds, epochs] = [
  values.samples,
  values.rows,
  values.reference,
  values.seeds,
  values.epochs,
].map(Number) as [number, number, number, number, number]
const METHODS = ['independent', 'antithetic', 'latinHypercube', 'momentMatched', 'stratified'] as const
const COUNTS = [8, 12, 16, 20, 24, 32]
// Draws of a run: more would not fit the memory.
const PART = 500

const backend = await useFastestBackend()
console.log(backend.message)
const digits = mnistData()
const results = []
for (const network of values.network) {
  const { inputShape, make } = networks[network]!
  const { saved } = values
  const model =
    saved == null ? make('localReparameterization') : await tf.loadLayersModel(`file://${saved}/${network}/model.json`)
  if (saved == null) await train(model, inputShape)
  const x = digits.test.x.subarray(0, rows * 784)
  const load = (options: ExportOptions): Promise<Predictor<'categorical'>> =>
    loadPredictor(exportModel(model, options), { providers: ['cpu'] })
  // One session for all: each new one would begin with the same noise.
  const outputs = ['probabilities', 'variance'] as const
  const graph = exportModel(model, { mode: 'localReparameterization', noise: 'graph', outputs })
  const drawing = await loadPredictor(graph, { outputs, providers: ['cpu'] })
  const exact = new Float64Array(rows * 10)
  let [meanSquare, variance] = [0, 0]
  for (let part = 0; part < reference / PART; part++) {
    const answer = await drawing.predict(x, { batchSize: 20, samples: PART })
    answer.probabilities.forEach((value, i) => {
      exact[i]! += (value * PART) / reference
      meanSquare += (value ** 2 * PART) / reference / exact.length
      variance += (answer.variance[i]! * PART) / reference / exact.length
    })
  }
  await drawing.dispose()
  // Of one draw, by the law of total variance: the error of S independent ones is known without making them.
  variance += meanSquare - exact.reduce((sum, value) => sum + value ** 2, 0) / exact.length
  const independent = variance / samples
  /** Mean over seeds, digits and classes. */
  const error = async (optionsOf: (seed: number) => ExportOptions, runs = seeds): Promise<number> => {
    let total = 0
    for (let seed = 0; seed < runs; seed++) {
      const predictor = await load(optionsOf(seed))
      const { probabilities } = await predictor.predict(x)
      await predictor.dispose()
      total += probabilities.reduce((sum, value, i) => sum + (value - exact[i]!) ** 2, 0) / probabilities.length / runs
    }
    // The reference itself errs.
    return total - variance / reference
  }
  const table: Record<string, Record<string, number>> = {}
  for (const count of COUNTS) {
    table[count] = {}
    for (const draws of METHODS) {
      const own = await error((seed) => ({
        mode: 'localReparameterization',
        noise: 'baked',
        samples: count,
        draws,
        seed: seed + 1000 * count,
      }))
      // Independent draws that err as much.
      table[count][draws] = Math.round((samples * independent) / own)
    }
  }
  const others = {
    moments: await error(() => ({ mode: 'moments' }), 1),
    'posterior mean': await error(() => ({ mode: 'mean' }), 1),
    'weight sampling, 16': await error((seed) => ({ mode: 'weightSampling', samples: 16, seed }), 2),
  }
  model.dispose()
  console.log(`${network}: root mean square error of ${samples} independent draws ${Math.sqrt(independent).toExponential(2)}`)
  console.log('as many independent draws err like these shared ones:')
  console.table(table)
  const inDraws = Object.entries(others).map(([name, own]) => ({
    name,
    rootMeanSquare: Math.sqrt(own),
    independentDraws: (samples * independent) / own,
  }))
  console.table(inDraws)
  results.push({ network, independent: Math.sqrt(independent), table, others: inDraws })
}
if (values.out !== undefined) {
  await writeResult(values.out, {
    bench: 'onnx-draws',
    settings: { network: values.network, samples, rows, reference, seeds, epochs, results },
    versions: { node: process.version, tfjs: tf.version.tfjs, backend: backend.name },
    machine: machine(),
    groups: [],
  })
}

async function train(model: tf.LayersModel, inputShape: readonly number[]): Promise<void> {
  const x = tf.tensor(digits.train.x, [digits.train.rows, ...inputShape])
  const y = tf.tensor1d(digits.train.y, 'int32')
  const history = await fit(model, { x, y }, { likelihood: categorical(), epochs, seed: 1 })
  tf.dispose([x, y])
  const { nll, kl } = history.epochs.at(-1)!
  console.log(`trained ${epochs} epochs: nll ${nll.toFixed(3)}, kl ${kl.toFixed(0)} nats`)
}
