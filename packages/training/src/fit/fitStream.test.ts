import * as tf from '@tensorflow/tfjs'
import { variationalDense } from '@tfjs-bayes/layers'
import { expectNoLeak } from '@tfjs-bayes/testing'
import { describe, expect, test } from 'vitest'
import type { Checkpoint } from '../checkpoint/checkpoint.ts'
import type { StreamBatch } from '../data/streamBatches.ts'
import { InvalidOptionError, InvalidTargetError, NonFiniteDataError, ShapeMismatchError, StreamLengthError } from '../errors.ts'
import { evaluateElbo } from '../evaluate/evaluateElbo.ts'
import { categorical } from '../likelihoods/categorical.ts'
import { batchRanges } from '../loop/batchRanges.ts'
import { shuffledOrder } from '../random/shuffledOrder.ts'
import { blundellBeta } from '../schedules/blundellBeta.ts'
import { fit } from './fit.ts'
import type { FitOptions, TrainingStream } from './fitOptions.ts'

const ROWS = 22
const SEED = 11
const x = tf.randomNormal([ROWS, 3], 0, 1, 'float32', 1)
const y = tf.tensor1d(
  Array.from({ length: ROWS }, (_, i) => i % 3),
  'int32',
)

const network = (): tf.LayersModel =>
  tf.sequential({ layers: [variationalDense({ units: 3, inputShape: [3], initialSigma: 0.2, seed: 1 })] })
const weights = (model: tf.LayersModel): number[] => model.getWeights().flatMap((weight) => [...weight.dataSync()])
const options = (extra: Partial<FitOptions> = {}): FitOptions => ({
  likelihood: categorical(),
  epochs: 3,
  batchSize: 8,
  datasetSize: ROWS,
  seed: SEED,
  learningRate: 0.05,
  ...extra,
})

/** The batches that `fit` makes of the two tensors. */
function* batches(epoch: number): Generator<StreamBatch> {
  const order = shuffledOrder(ROWS, SEED, epoch)
  for (const { start, rows } of batchRanges(ROWS, 8)) {
    const taken = tf.tensor1d(order.slice(start, start + rows), 'int32')
    const batch = { x: tf.gather(x, taken), y: tf.gather(y, taken) }
    taken.dispose()
    yield batch
  }
}
async function* later(epoch: number): AsyncGenerator<StreamBatch> {
  for (const batch of batches(epoch)) {
    await new Promise((resolve) => setTimeout(resolve, 1))
    yield batch
  }
}

describe('a stream of the same batches gives the same bits as the tensors', () => {
  const beta = blundellBeta()
  const validation = { x, y }
  test.each<[string, TrainingStream['stream']]>([
    ['iterable', batches],
    ['async iterable', later],
  ])('%s', async (_, stream) => {
    const [streamed, whole] = [network(), network()]
    await expectNoLeak(async () => {
      const history = await fit(streamed, { stream, validation }, options({ beta }))
      const reference = await fit(whole, { x, y, validation }, options({ beta }))
      const figures = history.epochs.map(({ seconds, examplesPerSecond, ...rest }) => rest)
      expect(figures).toEqual(reference.epochs.map(({ seconds, examplesPerSecond, ...rest }) => rest))
    })
    expect(weights(streamed)).toEqual(weights(whole))
  })

  test('a tf.data.Dataset, with its names xs and ys', async () => {
    // A data set has no epochs of its own: in order, as a run over one epoch that is not shuffled.
    const rows = Array.from({ length: ROWS }, (_, i) => ({ xs: tf.slice(x, i, 1).reshape([3]).arraySync(), ys: i % 3 }))
    const dataset = tf.data.array(rows as tf.TensorContainer[]).batch(8)
    const inOrder = function* (): Generator<StreamBatch> {
      for (const { start, rows: size } of batchRanges(ROWS, 8)) yield { x: tf.slice(x, start, size), y: tf.slice(y, start, size) }
    }
    const [streamed, iterated] = [network(), network()]
    await expectNoLeak(async () => {
      await fit(streamed, { stream: dataset }, options())
      await fit(iterated, { stream: inOrder }, options())
    })
    expect(weights(streamed)).toEqual(weights(iterated))
  })

  test('taken up from a checkpoint', async () => {
    const [stopped, streamed, whole] = [network(), network(), network()]
    let checkpoint: Checkpoint | undefined
    const store = {
      latest: async () => checkpoint,
      save: async (saved: Checkpoint) => {
        checkpoint = structuredClone(saved)
      },
    }
    const abort = new AbortController()
    const stop = {
      ...store,
      save: async (saved: Checkpoint) => {
        await store.save(saved)
        if (saved.position.epoch === 1 && saved.position.batch === 2) abort.abort()
      },
    }
    await expectNoLeak(async () => {
      await fit(stopped, { stream: batches }, options({ signal: abort.signal, checkpoint: { store: stop, everySeconds: 0 } }))
    })
    expect(checkpoint!.position).toEqual({ epoch: 1, batch: 2 })
    await fit(streamed, { stream: batches }, options({ checkpoint: { store } }))
    await fit(whole, { stream: batches }, options())
    expect(weights(streamed)).toEqual(weights(whole))
  })
})

test('a stream without end is cut into epochs where it says how long they are, and is told when it is left', async () => {
  let closed = 0
  let taken = 0
  const endless = function* (): Generator<StreamBatch> {
    try {
      for (;;) {
        taken++
        yield { x: tf.slice(x, 0, 4), y: tf.slice(y, 0, 4) }
      }
    } finally {
      closed++
    }
  }
  const history = await fit(network(), { stream: endless, batchesPerEpoch: 5 }, options({ batchSize: 4, epochs: 2 }))
  expect(history.epochs.map(({ steps, examples }) => [steps, examples])).toEqual([
    [5, 20],
    [5, 20],
  ])
  expect([closed, taken]).toEqual([2, 10])
})

describe('refusals', () => {
  const part = (sizes: readonly number[]) =>
    function* (): Generator<StreamBatch> {
      for (const size of sizes) yield { x: tf.slice(x, 0, size), y: tf.slice(y, 0, size) }
    }
  const one = (batch: () => StreamBatch) =>
    function* (): Generator<StreamBatch> {
      yield { x: tf.slice(x, 0, 8), y: tf.slice(y, 0, 8) }
      yield batch()
    }

  test.each<[string, TrainingStream['stream'], new (...args: never[]) => Error, RegExp]>([
    ['a stream that ends early', part([8, 8]), StreamLengthError, /ended after 2 of 3 batches of epoch 0\. Say how many/],
    [
      'more rows than N',
      part([8, 8, 8]),
      ShapeMismatchError,
      /batch 2 of epoch 0\.x has shape \[8, 3\]; expected no more than 22 rows in an epoch.* there are 24/,
    ],
    [
      'NaN',
      one(() => ({ x: tf.fill([2, 3], Number.NaN), y: tf.zeros([2]) })),
      NonFiniteDataError,
      /batch 1 of epoch 0\.x\[0, 0\] is NaN/,
    ],
    [
      'a label out of range',
      one(() => ({ x: tf.zeros([2, 3]), y: tf.tensor1d([0, 9]) })),
      InvalidTargetError,
      /batch 1 of epoch 0\.y\[1\] is 9/,
    ],
    [
      'another shape',
      one(() => ({ x: tf.zeros([2, 4]), y: tf.zeros([2]) })),
      ShapeMismatchError,
      /batch 1 of epoch 0\.x has shape \[2, 4\]/,
    ],
  ])('%s, by batch and epoch', async (_, stream, error, message) => {
    const model = network()
    await expectNoLeak(async () => {
      const failure = fit(model, { stream }, options())
      await expect(failure).rejects.toThrow(error)
      await expect(failure).rejects.toThrow(message)
    })
  })

  test('no N', async () => {
    const { datasetSize: _, ...rest } = options()
    await expect(fit(network(), { stream: batches }, rest)).rejects.toThrow(InvalidOptionError)
    await expect(fit(network(), { stream: batches }, rest)).rejects.toThrow(
      /datasetSize is undefined; .* cannot be seen from a stream/,
    )
    await expect(fit(network(), { stream: batches, batchesPerEpoch: 0 }, options())).rejects.toThrow(/batchesPerEpoch is 0/)
  })
})

describe('weights and masks in a stream', () => {
  const counts = tf.tensor1d(Array.from({ length: ROWS }, (_, i) => i % 4))
  const weighted = function* (): Generator<StreamBatch> {
    for (const { start, rows } of batchRanges(ROWS, 8)) {
      yield { x: tf.slice(x, start, rows), y: tf.slice(y, start, rows), weights: tf.slice(counts, start, rows) }
    }
  }

  test('an example of weight 0 is not there', async () => {
    const plain = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [3], kernelInitializer: 'zeros' })] })
    const masked = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [3], kernelInitializer: 'zeros' })] })
    const first = { x: tf.slice(x, 0, 8), y: tf.slice(y, 0, 8) }
    const spoiled = tf.tidy(() => tf.concat([first.y, tf.tensor1d([0, 0], 'int32')]))
    const more = tf.tidy(() => tf.concat([first.x, tf.fill([2, 3], 50)]))
    const keep = [...Array.from({ length: 8 }, () => 1.25), 0, 0]
    const options8 = { likelihood: categorical(), epochs: 4, seed: 1, optimizer: 'sgd', learningRate: 0.1 } as const
    // Weights of mean 1: ten rows that count as ten.
    await fit(
      masked,
      { stream: () => [{ xs: more.clone(), ys: spoiled.clone(), weights: Float32Array.from(keep) }] },
      { ...options8, datasetSize: 10, batchSize: 10 },
    )
    await fit(plain, first, options8)
    weights(masked).forEach((value, i) => {
      expect(value).toBeCloseTo(weights(plain)[i]!, 5)
    })
  })

  test('from a tf.data.Dataset of {xs, ys, weights}', async () => {
    const rows = Array.from({ length: ROWS }, (_, i) => ({
      xs: tf.slice(x, i, 1).reshape([3]).arraySync(),
      ys: i % 3,
      weights: i % 4,
    }))
    const dataset = tf.data.array(rows as tf.TensorContainer[]).batch(8)
    const [streamed, iterated] = [network(), network()]
    await expectNoLeak(async () => {
      await fit(streamed, { stream: dataset }, options())
      await fit(iterated, { stream: weighted }, options())
    })
    expect(weights(streamed)).toEqual(weights(iterated))
  })

  test.each<[string, object, RegExp]>([
    ['of another length', { weights: Float32Array.of(1) }, /batch 0 of epoch 0\.weights has shape \[1\]; expected \[8\]/],
    ['below 0', { weights: new Float32Array(8).fill(-1) }, /batch 0 of epoch 0\.weights\[0\] is -1/],
  ])('weights %s are refused', async (_, extra, message) => {
    const model = network()
    await expectNoLeak(async () => {
      const stream = () => [{ x: tf.slice(x, 0, 8), y: tf.slice(y, 0, 8), ...extra }]
      await expect(fit(model, { stream }, options())).rejects.toThrow(message)
    })
  })

  test('a mask is refused where the likelihood knows no parts of a target', async () => {
    const { elements: _, ...whole } = categorical()
    const stream = () => [{ x: tf.slice(x, 0, 8), y: tf.slice(y, 0, 8), mask: new Uint8Array(8).fill(1) }]
    const failure = fit(network(), { stream }, options({ likelihood: whole }))
    await expect(failure).rejects.toThrow(/batch 0 of epoch 0\.mask is 'set'; expected to be left out/)
  })

  test('an array of batches stays the caller’s and serves every epoch, and so does anything that can be iterated again', async () => {
    const array = [...batches(0)]
    const again = { [Symbol.iterator]: () => batches(0) }
    const [ofArray, ofIterable] = [network(), network()]
    await expectNoLeak(async () => {
      await fit(ofArray, { stream: array }, options())
      await fit(ofIterable, { stream: again }, options())
    })
    expect(weights(ofArray)).toEqual(weights(ofIterable))
    for (const { x: inputs } of array as { x: tf.Tensor }[]) expect(inputs.isDisposed).toBe(false)
    // A generator has one epoch only.
    await expect(fit(network(), { stream: batches(0) }, options())).rejects.toThrow(/ended after 0 of 3 batches of epoch 1/)
  })

  test.each<[string, unknown, RegExp]>([
    ['a promise', Promise.resolve([]), /stream is Promise; expected a tf\.data\.Dataset of batches, an \(async\) iterable/],
    ['a batch that is none', () => [undefined], /batch 0 of epoch 0 is undefined; expected \{ x, y \}/],
  ])('refuses %s', async (_, stream, message) => {
    await expect(fit(network(), { stream } as unknown as TrainingStream, options())).rejects.toThrow(message)
  })

  test('validation data may come as a stream or a tf.data.Dataset too: the figures of the same rows in memory', async () => {
    const figures = async (validation: TrainingStream['validation']) => {
      const model = network()
      const history = await fit(model, { x, y, validation: validation! }, options({ validationSamples: 12 }))
      model.dispose()
      return history.epochs.map((epoch) => epoch.validation!)
    }
    await expectNoLeak(async () => {
      const expected = await figures({ x, y })
      const close = (streamed: typeof expected): void => {
        expect(streamed).toHaveLength(3)
        streamed.forEach(({ elbo, nll, error }, i) => {
          expect(elbo).toBeCloseTo(expected[i]!.elbo, 5)
          expect(nll).toBeCloseTo(expected[i]!.nll, 5)
          expect(error).toBeCloseTo(expected[i]!.error!, 6)
        })
      }
      close(await figures({ stream: () => [{ x: x.clone(), y: y.clone() }] }))
      const values = (await x.array()) as number[][]
      const rows = values.map((xs, i) => ({ xs, ys: i % 3 }))
      close(await figures({ stream: tf.data.array(rows as tf.TensorContainer[]).batch(ROWS) }))
    })
    // Batches are weighted by their rows: with draws that differ from batch to batch the same up to their scatter, without any the same.
    const dense = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [3] })] })
    const scoring = { likelihood: categorical(), datasetSize: ROWS, seed: 1 }
    const whole = await evaluateElbo(dense, { x, y }, scoring)
    const batched = await evaluateElbo(dense, { stream: batches }, scoring)
    expect(batched.nll).toBeCloseTo(whole.nll, 5)
    expect(batched.error).toBeCloseTo(whole.error!, 6)
  })

  test('a validation stream that is empty, ends early or holds what is wrong is named', async () => {
    const run = (validation: TrainingStream['validation']) => fit(network(), { x, y, validation: validation! }, options())
    await expect(run({ stream: () => [] })).rejects.toThrow(/The validation stream ended after 0 batches of epoch 0/)
    const one = { x: tf.slice(x, 0, 4), y: tf.slice(y, 0, 4) }
    await expect(run({ stream: () => [one], batchesPerEpoch: 2 })).rejects.toThrow(StreamLengthError)
    const wrong = { x: tf.zeros([2, 3]), y: tf.tensor1d([0, 9]) }
    await expect(run({ stream: () => [wrong] })).rejects.toThrow(/validation stream, batch 0 of epoch 0\.y\[1\] is 9/)
    await expect(run({ stream: () => [], batchesPerEpoch: 0 })).rejects.toThrow(/validation\.batchesPerEpoch is 0/)
  })
})
