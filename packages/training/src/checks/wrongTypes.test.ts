import * as tf from '@tensorflow/tfjs'
import { variationalDense } from '@tfjs-bayes/layers'
import { describe, expect, test } from 'vitest'
import { gradientMeter } from '../diagnostics/gradientMeter.ts'
import { gradientVariance } from '../diagnostics/gradientVariance.ts'
import { TrainingError } from '../errors.ts'
import { evaluateElbo } from '../evaluate/evaluateElbo.ts'
import { fit } from '../fit/fit.ts'
import { categorical } from '../likelihoods/categorical.ts'
import { gaussian } from '../likelihoods/gaussian.ts'
import { predictive } from '../predict/predictive.ts'
import { predictiveBernoulli } from '../predict/predictiveBernoulli.ts'
import { predictiveLogLikelihood } from '../predict/predictiveLogLikelihood.ts'
import { predictiveRegression } from '../predict/predictiveRegression.ts'

// What JavaScript hands over where TypeScript would have said no.
const wrong: readonly unknown[] = [undefined, null, 5, 'data', true, [], [1, 2], {}, () => 1, new Date(0)]

const model = tf.sequential({ layers: [variationalDense({ units: 2, inputShape: [3], seed: 1 })] })
const x = tf.ones([4, 3])
const data = { x, y: Int32Array.of(0, 1, 0, 1) }
const numbers = { x, y: tf.ones([4, 2]) }
const likelihood = categorical()
const seed = 1

type Call = (model: never, data: never, options: never) => Promise<unknown>
const calls: Readonly<
  Record<string, { readonly call: Call; readonly data: unknown; readonly options: Readonly<Record<string, unknown>> }>
> = {
  fit: { call: fit, data, options: { likelihood, epochs: 1, seed } },
  evaluateElbo: { call: evaluateElbo, data, options: { likelihood, datasetSize: 4, seed } },
  predictive: { call: predictive, data: x, options: { seed, samples: 2 } },
  predictiveBernoulli: { call: predictiveBernoulli, data: x, options: { seed, samples: 2 } },
  predictiveRegression: {
    call: predictiveRegression,
    data: x,
    options: { likelihood: gaussian({ sigma: 1 }), seed, samples: 2 },
  },
  predictiveLogLikelihood: {
    call: predictiveLogLikelihood,
    data: numbers,
    options: { likelihood: gaussian({ sigma: 1 }), seed, samples: 2 },
  },
  gradientVariance: { call: gradientVariance, data: [data], options: { likelihood, datasetSize: 4, draws: 2, seed } },
  gradientMeter: {
    call: gradientMeter,
    data,
    options: { likelihood, datasetSize: 4, draws: 2, seed, batchSizes: [2], minibatches: 1 },
  },
}

describe.each(Object.keys(calls))('%s', (name) => {
  const { call, data: right, options } = calls[name]!
  const called = (...args: readonly unknown[]): Promise<unknown> => call(...(args as [never, never, never]))
  const refusal = expect.any(TrainingError)

  test('takes what is right', async () => {
    await called(model, right, options)
  })

  test('refuses a model, data or options of another type by a named error', async () => {
    for (const value of wrong) {
      await expect(called(value, right, options)).rejects.toEqual(refusal)
      await expect(called(model, value, options)).rejects.toEqual(refusal)
      await expect(called(model, right, value)).rejects.toEqual(refusal)
    }
  })

  test('refuses each option that must be there, of another type', async () => {
    for (const option of Object.keys(options).filter((each) => each !== 'samples')) {
      for (const value of wrong.filter((each) => !Array.isArray(each) && each !== 5))
        await expect(called(model, right, { ...options, [option]: value }), `${option} ${String(value)}`).rejects.toEqual(refusal)
    }
  })

  test('refuses parts of the data of another type', async () => {
    if (right instanceof tf.Tensor || Array.isArray(right)) return
    for (const part of Object.keys(right as object)) {
      for (const value of wrong)
        await expect(called(model, { ...(right as object), [part]: value }, options)).rejects.toEqual(refusal)
    }
    for (const value of [null, 5, 'weights', {}, { values: Float32Array.of(1, 1, 1, 1), shape: 4 }]) {
      await expect(called(model, { ...(right as object), weights: value }, options)).rejects.toEqual(refusal)
    }
  })
})

test('fit refuses optional choices of another type', async () => {
  const options = { likelihood, epochs: 1, seed }
  for (const option of [
    'beta',
    'learningRate',
    'optimizer',
    'batchSize',
    'datasetSize',
    'samples',
    'clipNorm',
    'validationSamples',
    'noise',
  ]) {
    for (const value of [null, 'x', {}, [], true]) {
      await expect(fit(model, data, { ...options, [option]: value } as never), `${option} ${String(value)}`).rejects.toEqual(
        expect.any(TrainingError),
      )
    }
  }
  for (const validation of [null, 5, 'rows', [], {}]) {
    await expect(fit(model, { ...data, validation } as never, options)).rejects.toEqual(expect.any(TrainingError))
  }
})
