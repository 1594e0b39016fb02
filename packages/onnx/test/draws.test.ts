import * as tf from '@tensorflow/tfjs'
import { variationalDense } from '@tfjs-bayes/layers'
import { predictive } from '@tfjs-bayes/training'
import { expect, test } from 'vitest'
import { DRAW_METHODS, type DrawMethod } from '../src/draws/standardDraws.ts'
import { type ExportOptions, exportModel } from '../src/index.ts'
import { loadPredictor, type Predictor } from '../src/node.ts'
import { normals } from './support/random.ts'
import { randomizeWeights } from './support/randomModel.ts'

const ROWS = 40
const REFERENCE_DRAWS = 10_000
const SAMPLES = [8, 32]
const SEEDS = 12

/**
 * How many draws a method saves: the squared error of the probabilities against 10,000 independent draws, over rows and seeds of the stored draws.
 * What it prints is what the README says.
 */
test('stratified draws have far less error than independent ones', async () => {
  const model = tf.sequential({
    layers: [
      variationalDense({ units: 64, activation: 'relu', inputShape: [8] }),
      variationalDense({ units: 64, activation: 'relu' }),
      variationalDense({ units: 4 }),
    ],
  })
  randomizeWeights(model, 5)
  const x = normals(ROWS * 8, 6)
  const load = (options: ExportOptions): Promise<Predictor<'categorical'>> =>
    loadPredictor(exportModel(model, options), { providers: ['cpu'] })
  const reference = new Float64Array(ROWS * 4)
  const parts = 10
  // One session for all parts: each new one would begin with the same noise.
  const drawing = await load({ mode: 'localReparameterization', noise: 'graph', seed: 7 })
  for (let part = 0; part < parts; part++) {
    const { probabilities } = await drawing.predict(x, { samples: REFERENCE_DRAWS / parts })
    probabilities.forEach((value, i) => {
      reference[i]! += value / parts
    })
  }
  await drawing.dispose()
  const squaredError = async (options: ExportOptions): Promise<number> => {
    const predictor = await load(options)
    const { probabilities } = await predictor.predict(x)
    await predictor.dispose()
    return probabilities.reduce((sum, value, i) => sum + (value - reference[i]!) ** 2, 0) / ROWS
  }
  // Scrambled Sobol points with a coordinate for each unit, which @tfjs-bayes/training draws: what a file would gain by them.
  const sobolError = async (samples: number): Promise<number> => {
    let total = 0
    const inputs = tf.tensor(x, [ROWS, 8])
    for (let seed = 0; seed < SEEDS; seed++) {
      const prediction = await predictive(model, inputs, { samples, seed, noise: 'sobol' })
      const probabilities = prediction.probabilities.dataSync<'float32'>()
      total += probabilities.reduce((sum, value, i) => sum + (value - reference[i]!) ** 2, 0) / ROWS
      prediction.dispose()
    }
    inputs.dispose()
    return total
  }
  const table: Record<string, Record<string, string>> = {}
  for (const mode of ['localReparameterization', 'weightSampling'] as const) {
    for (const samples of SAMPLES) {
      const errors = new Map<DrawMethod | 'sobol', number>()
      for (const draws of DRAW_METHODS) {
        let total = 0
        for (let seed = 0; seed < SEEDS; seed++) {
          total += await squaredError(
            mode === 'weightSampling' ? { mode, samples, draws, seed } : { mode, noise: 'baked', samples, draws, seed },
          )
        }
        errors.set(draws, total / SEEDS)
      }
      if (mode === 'localReparameterization') errors.set('sobol', (await sobolError(samples)) / SEEDS)
      const independent = errors.get('independent')!
      table[`${mode}, ${samples} draws`] = Object.fromEntries(
        [...errors].map(([draws, error]) => [
          draws,
          draws === 'independent' ? `error ${error.toExponential(2)}` : (independent / error).toFixed(2),
        ]),
      )
      expect(independent / errors.get('stratified')!, `${mode}, ${samples} draws`).toBeGreaterThan(
        mode === 'weightSampling' ? 1.5 : 2,
      )
    }
  }
  console.table(table)
  model.dispose()
})
