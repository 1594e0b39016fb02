import * as tf from '@tensorflow/tfjs'
import { ForwardPass, seededNoise, type VariationalDenseArgs, variationalDense, variationalLayers } from '@tfjs-bayes/layers'
import { expectNoLeak, expectTensorsClose } from '@tfjs-bayes/testing'
import { describe, expect, test, vi } from 'vitest'
import {
  InvalidOptionError,
  NonFiniteDataError,
  NonFiniteOutputError,
  ShapeMismatchError,
  UnsupportedModelError,
} from '../errors.ts'
import { nllOfLogProbabilities } from '../metrics/nll.ts'
import { uncertainty } from '../metrics/uncertainty.ts'
import { deriveSeed, SeedPurpose } from '../random/deriveSeed.ts'
import type { PredictiveProgress } from './drawOptions.ts'
import { predictive } from './predictive.ts'

function network(args: Partial<VariationalDenseArgs> = {}): tf.LayersModel {
  const layer = (own: object): tf.layers.Layer => variationalDense({ initialSigma: 0.5, ...own, ...args } as VariationalDenseArgs)
  return tf.sequential({
    layers: [layer({ units: 6, inputShape: [3], activation: 'relu', seed: 1 }), layer({ units: 4, seed: 2 })],
  })
}

const inputs = (rows: number): tf.Tensor2D => tf.randomNormal([rows, 3], 0, 1, 'float32', 8)

describe('S draws', () => {
  test('mean of probabilities and the parts of the entropy are those of the draws one by one', async () => {
    await expectNoLeak(async () => {
      const model = network()
      const x = inputs(5)
      // 23 draws: chunks of unequal size.
      const result = await predictive(model, x, { samples: 23, seed: 3 })
      tf.tidy(() => {
        const draws = Array.from({ length: 23 }, (_, draw) => {
          const noise = seededNoise(deriveSeed(3, SeedPurpose.predictiveNoise), draw)
          return tf.softmax(model.apply(x, { pass: new ForwardPass({ mode: 'sample', noise }) }) as tf.Tensor)
        })
        const parts = uncertainty(tf.stack(draws))
        expectTensorsClose(result.probabilities, tf.mean(tf.stack(draws), 0), { absolute: 2e-6 })
        expectTensorsClose(result.logProbabilities, tf.log(tf.mean(tf.stack(draws), 0)), { absolute: 1e-5 })
        expectTensorsClose(result.entropy, tf.tensor1d([...parts.entropy]), { absolute: 1e-5 })
        expectTensorsClose(result.expectedEntropy, tf.tensor1d([...parts.expectedEntropy]), { absolute: 1e-5 })
        expectTensorsClose(result.mutualInformation, tf.tensor1d([...parts.mutualInformation]), { absolute: 1e-5 })
        expect(Math.min(...result.mutualInformation.dataSync())).toBeGreaterThan(0.01)
      })
      expect(result.samples).toBe(23)
      result.dispose()
      x.dispose()
      model.dispose()
    })
  })

  test('the moments of the first layer are computed once for all draws', async () => {
    const model = network()
    const x = inputs(5)
    const products = variationalLayers(model).map(({ operator }) =>
      vi.spyOn(operator as unknown as { apply(): tf.Tensor }, 'apply'),
    )
    // Three calls of ten draws each, before any graph takes over, after one run that finds out what is the same for all.
    const result = await predictive(model, x, { samples: 30, seed: 3 })
    expect(products.map(({ mock }) => mock.calls.length)).toEqual([2, (1 + 30) * 2])
    result.dispose()
    x.dispose()
  })

  test('kept one by one on request, whatever the batches and chunks', async () => {
    const model = network()
    const x = inputs(7)
    await expectNoLeak(async () => {
      const result = await predictive(model, x, { samples: 23, seed: 3, batchSize: 4, keepDraws: true })
      const plain = await predictive(model, x, { samples: 23, seed: 3, batchSize: 4 })
      const draws = result.drawProbabilities!
      expect(draws.shape).toEqual([23, 7, 4])
      expectTensorsClose(result.probabilities, plain.probabilities, { absolute: 1e-7 })
      tf.tidy(() => {
        expectTensorsClose(tf.mean(draws, 0), result.probabilities, { absolute: 1e-6 })
        const noise = seededNoise(deriveSeed(3, SeedPurpose.predictiveNoise), 13)
        const rows = tf.slice(x, [4, 0], [3, 3])
        const alone = tf.softmax(model.apply(rows, { pass: new ForwardPass({ mode: 'sample', noise }) }) as tf.Tensor)
        expectTensorsClose(tf.slice(draws, [13, 4, 0], [1, 3, 4]).reshape([3, 4]), alone, { absolute: 1e-6 })
      })
      expect(plain.drawProbabilities).toBeUndefined()
      result.dispose()
      plain.dispose()
    })
    x.dispose()
  })

  test('probabilities are averaged, not logits', async () => {
    // One weight of mean 0 and enormous sigma: logits (w, 0) with w = +-large, so the mean probability is about a half and the mean logit 0 too, but
    // single draws are certain: all of log 2 is about the weights.
    const layer = variationalDense({
      units: 2,
      inputShape: [1],
      useBias: false,
      kernelInitializer: 'zeros',
      initialSigma: 1000,
      estimator: 'weightSampling',
    })
    const model = tf.sequential({ layers: [layer] })
    const x = tf.ones([1, 1])
    const { entropy, expectedEntropy, mutualInformation, dispose } = await predictive(model, x, { samples: 400, seed: 1 })
    expect(entropy.dataSync()[0]).toBeCloseTo(Math.log(2), 1)
    expect(expectedEntropy.dataSync()[0]).toBeLessThan(0.02)
    expect(mutualInformation.dataSync()[0]).toBeGreaterThan(0.65)
    dispose()
    tf.dispose(x)
  })

  test('where a probability underflows its logarithm does not', async () => {
    const model = network({ initialSigma: 0.01 })
    const x = tf.mul(inputs(20), 400)
    const result = await predictive(model, x, { samples: 5, seed: 1 })
    const least = tf.argMin(result.logProbabilities, 1)
    expect(Math.min(...result.probabilities.dataSync())).toBe(0)
    expect(nllOfLogProbabilities(result.logProbabilities, least)).toBeGreaterThan(100)
    expect(Number.isFinite(nllOfLogProbabilities(result.logProbabilities, least))).toBe(true)
    for (const part of [result.entropy, result.expectedEntropy, result.mutualInformation]) {
      for (const value of part.dataSync()) expect(value).toBeGreaterThanOrEqual(0)
    }
    result.dispose()
    tf.dispose([x, least])
  })

  test('the same seed gives the same bits, another seed others', async () => {
    const model = network()
    const x = inputs(7)
    const run = async (seed: number) => {
      const result = await predictive(model, x, { samples: 4, seed })
      const values = [...result.probabilities.dataSync()]
      result.dispose()
      return values
    }
    expect(await run(1)).toEqual(await run(1))
    expect(await run(2)).not.toEqual(await run(1))
    x.dispose()
  })

  test('with weight sampling a draw is one function: the batch size does not matter', async () => {
    const model = network({ estimator: 'weightSampling' })
    const x = inputs(11)
    const [whole, parts] = await Promise.all(
      [3, 11].map((batchSize) => predictive(model, x, { samples: 12, seed: 5, batchSize })),
    )
    expectTensorsClose(parts!.probabilities, whole!.probabilities)
    whole!.dispose()
    parts!.dispose()
    x.dispose()
  })

  test('mode mean is one pass with the posterior means', async () => {
    const model = network()
    const x = inputs(4)
    const result = await predictive(model, x, { mode: 'mean', samples: 50, seed: 1 })
    tf.tidy(() => {
      expectTensorsClose(
        result.probabilities,
        tf.softmax(model.apply(x, { pass: new ForwardPass({ mode: 'mean' }) }) as tf.Tensor),
      )
    })
    expect(result.samples).toBe(1)
    result.dispose()
    x.dispose()
  })
})

test('a model without Bayesian layers is run once and leaves nothing to learn', async () => {
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [3] })] })
  const x = inputs(5)
  const seen: PredictiveProgress[] = []
  const result = await predictive(model, x, { samples: 1000, seed: 1, batchSize: 2, onProgress: (now) => void seen.push(now) })
  expectTensorsClose(
    result.probabilities,
    tf.tidy(() => tf.softmax(model.predict(x) as tf.Tensor)),
  )
  expect([...result.mutualInformation.dataSync()]).toEqual([0, 0, 0, 0, 0])
  expect(result.samples).toBe(1)
  expect(seen.at(-1)).toMatchObject({ done: 5, total: 5, etaSeconds: 0 })
  result.dispose()
  x.dispose()
})

test('memory does not grow with the draws or the rows', async () => {
  const x = inputs(2000)
  const peak = async (rows: number, samples: number): Promise<number> => {
    const model = network()
    const part = tf.slice(x, 0, rows)
    const start = tf.memory().numBytes
    let most = 0
    const apply = model.apply.bind(model)
    vi.spyOn(model, 'apply').mockImplementation((...args) => {
      most = Math.max(most, tf.memory().numBytes - start)
      return apply(...args)
    })
    const result = await predictive(model, part, { samples, seed: 1, batchSize: 100 })
    result.dispose()
    part.dispose()
    model.dispose()
    return most
  }
  const small = await peak(100, 20)
  expect(small).toBeGreaterThan(100 * 3 * 4)
  // A step that is being recorded holds a second handle of the batch.
  expect(await peak(2000, 20)).toBeLessThan(1.1 * small)
  expect(await peak(100, 200)).toBeLessThan(1.1 * small)
  x.dispose()
})

describe('abort', () => {
  test('ends with the signal’s reason and leaves nothing behind', async () => {
    const model = network()
    await expectNoLeak(async () => {
      const x = inputs(50)
      const abort = new AbortController()
      const running = predictive(model, x, {
        samples: 100_000,
        seed: 1,
        signal: abort.signal,
        onProgress: () => abort.abort(new Error('enough')),
      })
      await expect(running).rejects.toThrow('enough')
      x.dispose()
    })
  })
})

describe('refusals', () => {
  test.each<[string, () => tf.Tensor, object, new (...args: never[]) => Error, RegExp]>([
    ['zero samples', () => inputs(2), { samples: 0 }, InvalidOptionError, /samples is 0/],
    ['a batch of nothing', () => inputs(2), { batchSize: 0 }, InvalidOptionError, /batchSize is 0/],
    ['a seed that is no int32', () => inputs(2), { seed: 0.5 }, InvalidOptionError, /seed is 0\.5/],
    ['an unknown mode', () => inputs(2), { mode: 'median' }, InvalidOptionError, /mode is 'median'/],
    ['a wrong shape', () => tf.zeros([2, 4]), {}, ShapeMismatchError, /x has shape \[2, 4\]; expected \[rows, 3\]/],
    ['no rows', () => tf.zeros([0, 3]), {}, ShapeMismatchError, /at least one row/],
    ['infinity', () => tf.tensor2d([[0, 0, Number.NEGATIVE_INFINITY]]), {}, NonFiniteDataError, /x\[0, 2\] is -Infinity/],
  ])('%s', async (_, make, options, error, message) => {
    const model = network()
    await expectNoLeak(async () => {
      const x = make()
      const failure = predictive(model, x, { seed: 1, ...options })
      await expect(failure).rejects.toThrow(error)
      await expect(failure).rejects.toThrow(message)
      x.dispose()
    })
  })

  test('a softmax at the end, and one output', async () => {
    const x = inputs(2)
    const dense = (units: number, activation?: 'softmax') =>
      tf.sequential({ layers: [tf.layers.dense({ units, inputShape: [3], ...(activation && { activation }) })] })
    await expect(predictive(dense(2, 'softmax'), x, { seed: 1 })).rejects.toThrow(/must be logits/)
    await expect(predictive(dense(1), x, { seed: 1 })).rejects.toThrow(UnsupportedModelError)
    x.dispose()
  })

  test('weights that have diverged: no silent NaN', async () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] })
    model.setWeights([tf.fill([3, 2], Number.NaN), tf.zeros([2])])
    const x = inputs(2)
    const before = tf.memory().numTensors
    const failure = predictive(model, x, { seed: 1 })
    await expect(failure).rejects.toThrow(NonFiniteOutputError)
    await expect(failure).rejects.toThrow(/row 0 is NaN/)
    expect(tf.memory().numTensors).toBe(before)
    x.dispose()
  })
})
