import * as tf from '@tensorflow/tfjs'
import { variationalDense } from '@tfjs-bayes/layers'
import { expectNoLeak, expectTensorsClose } from '@tfjs-bayes/testing'
import { describe, expect, test } from 'vitest'
import { ShapeMismatchError } from '../errors.ts'
import { evaluateElbo } from '../evaluate/evaluateElbo.ts'
import { fit } from '../fit/fit.ts'
import { categorical } from '../likelihoods/categorical.ts'
import { predictive } from '../predict/predictive.ts'
import { predictiveLogLikelihood } from '../predict/predictiveLogLikelihood.ts'
import { type NumberArray, type Rows, releaseRows, rowsTensor } from './rows.ts'

const ROWS = 10
const x = tf.randomUniform([ROWS, 3], 0, 200, 'int32', 1).toFloat()
const y = tf.tensor1d(
  Array.from({ length: ROWS }, (_, i) => i % 2),
  'int32',
)
const shape = [ROWS, 3]
const network = (): tf.LayersModel =>
  tf.sequential({ layers: [variationalDense({ units: 2, inputShape: [3], initialSigma: 0.001, seed: 1 })] })
const options = { likelihood: categorical(), epochs: 2, batchSize: 4, seed: 3 }

describe.each<[string, () => Rows, () => Rows]>([
  ['Float32Array and Int32Array', () => ({ values: x.dataSync<'float32'>(), shape }), () => y.dataSync<'int32'>()],
  ['bytes', () => ({ values: Uint8Array.from(x.dataSync()), shape }), () => Uint8Array.from(y.dataSync())],
  ['Float64Array', () => ({ values: Float64Array.from(x.dataSync()), shape }), () => Float64Array.from(y.dataSync())],
  [
    'short integers',
    () => ({ values: Int16Array.from(x.dataSync()), shape }),
    () => ({ values: Int8Array.from(y.dataSync()), shape: [ROWS, 1] }),
  ],
])('%s give the bits of tensors', (_, inputs, targets) => {
  test('in fit, evaluateElbo, predictive and predictiveLogLikelihood', async () => {
    const data = { x: inputs(), y: targets() }
    const [fromArrays, fromTensors] = [network(), network()]
    await expectNoLeak(async () => {
      await fit(fromArrays, { ...data, validation: data }, options)
      await fit(fromTensors, { x, y, validation: { x, y } }, options)
      const scoring = { likelihood: categorical(), datasetSize: ROWS, seed: 1 }
      expect(await evaluateElbo(fromArrays, data, scoring)).toEqual(await evaluateElbo(fromTensors, { x, y }, scoring))
      const [a, b] = [
        await predictive(fromArrays, data.x, { seed: 1, samples: 3 }),
        await predictive(fromTensors, x, { seed: 1, samples: 3 }),
      ]
      expectTensorsClose(a.probabilities, b.probabilities, { absolute: 0 })
      const sampled = { likelihood: categorical(), seed: 1, samples: 3 }
      const [c, d] = [
        await predictiveLogLikelihood(fromArrays, data, sampled),
        await predictiveLogLikelihood(fromTensors, { x, y }, sampled),
      ]
      expect(c.nll).toBe(d.nll)
      for (const result of [a, b, c, d]) result.dispose()
    })
    for (const [i, weight] of fromArrays.getWeights().entries())
      expectTensorsClose(weight, fromTensors.getWeights()[i]!, { absolute: 0 })
  })
})

test('a tensor of rows stays the caller’s, one of an array is made and released', () => {
  tf.tidy(() => {
    releaseRows(x, rowsTensor(x))
    expect(x.isDisposed).toBe(false)
    const array: NumberArray = Uint32Array.of(1, 2)
    const made = rowsTensor(array, 'float32')
    expect([...made.dataSync()]).toEqual([1, 2])
    releaseRows(array, made)
    expect(made.isDisposed).toBe(true)
    expect(rowsTensor(array).dtype).toBe('int32')
  })
})

test('a shape of another size is refused', async () => {
  const wrong = { values: new Float32Array(29), shape }
  await expect(fit(network(), { x: wrong, y }, options)).rejects.toThrow(ShapeMismatchError)
  await expect(fit(network(), { x: wrong, y }, options)).rejects.toThrow(
    /data\.x has shape \[10, 3\]; expected a shape of 29 numbers/,
  )
  await expect(predictive(network(), wrong, { seed: 1 })).rejects.toThrow(/x has shape \[10, 3\]/)
  await expect(predictive(network(), new Float32Array(30), { seed: 1 })).rejects.toThrow(
    /x has shape \[30\]; expected \[rows, 3\]/,
  )
})
