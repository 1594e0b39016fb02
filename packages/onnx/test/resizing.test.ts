import * as tf from '@tensorflow/tfjs'
import { PROPERTY_SEED } from '@tfjs-bayes/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { exportLayersModel, UnsupportedLayerError } from '../src/index.ts'
import { differenceTo } from './support/compare.ts'
import { normals } from './support/random.ts'

const RUNS = Number(process.env['TFJS_BAYES_PROPERTY_RUNS'] ?? 100)

const size = fc.integer({ min: 1, max: 12 })
const cases = fc.record({
  from: fc.tuple(size, size),
  to: fc.tuple(size, size),
  channels: fc.integer({ min: 1, max: 3 }),
  rows: fc.integer({ min: 1, max: 3 }),
  interpolation: fc.constantFrom('bilinear' as const, 'nearest' as const),
  // In tfjs it turns off that corners are aligned; nothing is cropped.
  cropToAspectRatio: fc.boolean(),
  opset: fc.integer({ min: 17, max: 20 }),
  seed: fc.nat(),
})

test('Resizing gives what tfjs gives', async () => {
  let worst = 0
  await fc.assert(
    fc.asyncProperty(cases, async ({ from, to, channels, rows, opset, seed, ...how }) => {
      const layer = tf.layers.resizing({ height: to[0], width: to[1], ...how, inputShape: [...from, channels] })
      const model = tf.sequential({ layers: [layer] })
      const x = tf.tensor(normals(rows * from[0] * from[1] * channels, seed), [rows, ...from, channels])
      // Some opsets above 17 have no CUDA kernel of it; what it computes stays the same.
      const bytes = exportLayersModel(model, { opset, cuda: opset === 17 ? 'required' : 'optional' })
      // Within a model tfjs hands the layer a list of one tensor, which it cannot take (4.22): only the layer by itself tells what it computes.
      const expected = layer.apply(x) as tf.Tensor
      const values = { data: expected.dataSync(), shape: expected.shape }
      expected.dispose()
      const difference = await differenceTo(model, bytes, [x], [values], ['node', 'web'])
      x.dispose()
      worst = Math.max(worst, difference)
      expect(difference).toBeLessThanOrEqual(1e-5)
    }),
    { numRuns: RUNS },
  )
  console.log(`seed ${PROPERTY_SEED}; ${RUNS} images resized: largest difference ${worst.toExponential(1)}`)
}, 600_000)

test('nothing stands behind Resizing: tfjs would build it for another shape', () => {
  const resizing = tf.layers.resizing({ height: 2, width: 3, inputShape: [4, 4, 1], name: 'thumbnail' })
  const model = tf.sequential({ layers: [resizing, tf.layers.reLU({ name: 'positive' })] })
  expect(() => exportLayersModel(model)).toThrow(UnsupportedLayerError)
  expect(() => exportLayersModel(model)).toThrow(/thumbnail \(Resizing\): tfjs is wrong about the shape.*as "positive" does/)
})
