import { readFileSync } from 'node:fs'
import * as tf from '@tensorflow/tfjs'
import { expect, test } from 'vitest'
import { exportLayersModel } from '../src/index.ts'
import { differenceOf } from './support/compare.ts'
import { findPretrained, loadPretrained } from './support/pretrained.ts'

const pretrained = findPretrained()
if ('missing' in pretrained) console.log(`NOT RUN: pretrained models from npm are not available here (${pretrained.missing}).`)

// The larger one in the full suite only.
const isFull = process.env['TFJS_BAYES_PROPERTY_RUNS'] != null
const models = [{ name: 'mobilenet_v2', size: 224 }, ...(isFull ? [{ name: 'inception_v3', size: 299 }] : [])]

test.runIf('folder' in pretrained).each(models)(
  '$name, trained by others, gives the same on photographs',
  async ({ name, size }) => {
    const model = await loadPretrained((pretrained as { readonly folder: string }).folder, name)
    const photographs = tf.tidy(() => {
      const bytes = readFileSync(new URL('./fixtures/images/images.bin', import.meta.url))
      return tf.image.resizeBilinear(
        tf.tensor4d(
          Float32Array.from(bytes, (byte) => byte / 255),
          [3, 64, 64, 3],
        ),
        [size, size],
      )
    })
    const plain = exportLayersModel(model)
    const folded = exportLayersModel(model, { foldBatchNormalization: true })
    const [difference, foldedDifference] = [
      await differenceOf(model, plain, [photographs], ['node', 'web']),
      await differenceOf(model, folded, [photographs], ['node']),
    ]
    console.log(
      `${name}: ${model.countParams()} weights, largest difference ${difference}, with batch normalizations folded ${foldedDifference}`,
    )
    photographs.dispose()
    model.dispose()
    expect(difference).toBeLessThan(1e-5)
    expect(foldedDifference).toBeLessThan(1e-5)
  },
)
