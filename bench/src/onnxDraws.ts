/**
 * How many shared draws, stored in a file, err like S independent ones: squared error of the class probabilities against 10,000 draws, on test digits, of networks
 * trained on MNIST; and what moments and draws of the weights err. No times are taken.
 *
 *     pnpm --filter @tfjs-bayes/bench onnx-draws -- --network dense400 lenet --out results/onnx-draws.json
 */
import { parseArgs } from 'node:util'
import * as tf from '@tensorflow/tfjs'
import { useFastestBackend } from '@tfjs-bayes/backend/node'
import { type ExportOptions, exportModel } from '@tfjs-bayes/onnx'
import { loadPredictor } from '@tfjs-bayes/onnx/node'
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
const COUNTS = [8, 12, 16, 20, 25, 32, 50]
// Draws of a run: more would not fit the memory.
const PART = 500

const backend = await useFastestBackend()
console.log(backend.message)
const { train, test } = mnistData()
const results = []
for (const network of values.network) {
  const { inputShape, make } = networks[network]!
  const model = make('localReparameterization')
  await trained(model, inputShape)
  const x = test.x.subarray(0, rows * 784)
  const answer = async (options: ExportOptions, draws?: number): Promise<Float32Array> => {
    const predictor = await loadPredictor(exportModel(model, options), { providers: ['cpu'] })
    const { probabilities } = await predictor.predict(x, { batchSize: 20, ...(draws === undefined ? {} : { samples: draws }) })
    await predictor.dispose()
    return probabilities
  }
  const graph = { mode: 'localReparameterization', noise: 'graph' } as const
  const exact = new Float64Array(rows * 10)
  for (let part = 0; part < reference / PART; part++) {
    const probabilities = await answer(graph, PART)
    probabilities.forEach((value, i) => {
      exact[i]! += (value * PART) / reference
    })
  }
  /** Mean over seeds, digits and classes. */
  const error = async (optionsOf: (seed: number) => ExportOptions, draws?: number, runs = seeds): Promise<number> => {
    let total = 0
    for (let seed = 0; seed < runs; seed++) {
      const probabilities = await answer(optionsOf(seed), draws)
      total += probabilities.reduce((sum, value, i) => sum + (value - exact[i]!) ** 2, 0) / probabilities.length / runs
    }
    return total
  }
  const independent = await error(() => graph, samples)
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
    moments: await error(() => ({ mode: 'moments' }), undefined, 1),
    'posterior mean': await error(() => ({ mode: 'mean' }), undefined, 1),
    'weight sampling, 16': await error((seed) => ({ mode: 'weightSampling', samples: 16, seed }), undefined, 2),
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

async function trained(model: tf.LayersModel, inputShape: readonly number[]): Promise<void> {
  const x = tf.tensor(train.x, [train.rows, ...inputShape])
  const y = tf.tensor1d(train.y, 'int32')
  const history = await fit(model, { x, y }, { likelihood: categorical(), epochs, seed: 1 })
  tf.dispose([x, y])
  const { nll, kl } = history.epochs.at(-1)!
  console.log(`trained ${epochs} epochs: nll ${nll.toFixed(3)}, kl ${kl.toFixed(0)} nats`)
}
