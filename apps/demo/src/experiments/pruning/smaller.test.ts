import * as tf from '@tensorflow/tfjs'
import { variationalLayers } from '@tfjs-bayes/layers'
import { exportModel } from '@tfjs-bayes/onnx'
import { loadPredictor } from '@tfjs-bayes/onnx/node'
import { dropDeadUnits, prune, pruningMasks } from '@tfjs-bayes/training'
import { expect, test } from 'vitest'
import { NORMAL_BY_LOCAL_TRICK } from '../shared/digitExperiment.ts'
import { buildNetwork } from '../shared/network.ts'

const INPUTS = 12

test('a pruned network without its dead units exports smaller, and onnxruntime says what its masked twin says', async () => {
  const model = buildNetwork({ kind: 'dense', hidden: [30, 30] }, NORMAL_BY_LOCAL_TRICK, 3, INPUTS)
  // Half of the units of the first hidden layer carry nothing.
  const [first] = variationalLayers(model)
  const faint = tf.tidy(() => first!.kernelMu.read().mul(tf.tile([1, 1e-4], [15])))
  first!.kernelMu.write(faint)
  faint.dispose()
  const masked = prune(model, await pruningMasks(model, { by: 'signalToNoise', fraction: 0.75 }))
  const { model: smaller, layers } = await dropDeadUnits(masked)
  expect(layers[0]!.after).toBeLessThanOrEqual(15)
  const [whole, zeroed, small] = [model, masked, smaller].map((each) => exportModel(each, { mode: 'mean' }))
  expect(small!.length).toBeLessThan(0.7 * whole!.length)
  // The exporter leaves dead units out by itself.
  expect(zeroed!.length).toBeLessThan(0.7 * whole!.length)
  const rows = 20
  const x = { data: Float32Array.from({ length: rows * INPUTS }, (_, i) => Math.sin(i)), shape: [rows, INPUTS] }
  const predictors = await Promise.all([zeroed!, small!].map((bytes) => loadPredictor(bytes)))
  const [one, two] = await Promise.all(predictors.map((predictor) => predictor.predict(x)))
  const differences = Array.from((one as { probabilities: Float32Array }).probabilities, (p, i) =>
    Math.abs(p - (two as { probabilities: Float32Array }).probabilities[i]!),
  )
  expect(Math.max(...differences)).toBeLessThan(1e-6)
  for (const predictor of predictors) await predictor.dispose()
  for (const each of [model, masked, smaller]) each.dispose()
})
