import * as tf from '@tensorflow/tfjs'
import { variationalDense } from '@tfjs-bayes/layers'
import { expectNoLeak } from '@tfjs-bayes/testing'
import { describe, expect, test } from 'vitest'
import type { Checkpoint, CheckpointStore } from '../checkpoint/checkpoint.ts'
import { CheckpointMismatchError, DivergedWeightsError, InvalidOptionError } from '../errors.ts'
import { categorical } from '../likelihoods/categorical.ts'
import type { Likelihood } from '../likelihoods/likelihood.ts'
import { adam } from '../optimizers/adam.ts'
import { sgd } from '../optimizers/sgd.ts'
import { cosineRate } from '../schedules/cosineRate.ts'
import { warmUpBeta } from '../schedules/warmUpBeta.ts'
import { fit } from './fit.ts'
import type { FitOptions } from './fitOptions.ts'
import type { History } from './history.ts'

const ROWS = 22
const BATCHES = 3
const EPOCHS = 3
const x = tf.randomNormal([ROWS, 3], 0, 1, 'float32', 1)
const y = tf.tensor1d(
  Array.from({ length: ROWS }, (_, i) => i % 3),
  'int32',
)
const data = { x, y, validation: { x: tf.slice(x, 0, 9), y: tf.slice(y, 0, 9) } }

/** Batch normalization has weights that are not trained but change at each step. */
function network(units = 4): tf.LayersModel {
  return tf.sequential({
    layers: [
      variationalDense({ units, inputShape: [3], activation: 'relu', initialSigma: 0.1, seed: 1 }),
      tf.layers.batchNormalization(),
      variationalDense({ units: 3, initialSigma: 0.1, seed: 2 }),
    ],
  })
}

const options = (extra: Partial<FitOptions> = {}): FitOptions => ({
  likelihood: categorical(),
  epochs: EPOCHS,
  batchSize: 8,
  seed: 11,
  learningRate: cosineRate({ from: 0.05 }),
  beta: warmUpBeta({ epochs: 2 }),
  ...extra,
})

const weights = (model: tf.LayersModel): number[] => model.getWeights().flatMap((weight) => [...weight.dataSync()])
const untimed = ({ epochs, stopped, bestEpoch }: History) => ({
  epochs: epochs.map(({ seconds, examplesPerSecond, ...figures }) => figures),
  stopped,
  bestEpoch,
})

class MemoryStore implements CheckpointStore {
  checkpoint: Checkpoint | undefined
  saves = 0

  async latest(): Promise<Checkpoint | undefined> {
    return structuredClone(this.checkpoint)
  }

  async save(checkpoint: Checkpoint): Promise<void> {
    this.saves++
    this.checkpoint = structuredClone(checkpoint)
  }
}

/** Calls back before each step; a step evaluates its likelihood once. */
function watched(before: (call: number) => void): Likelihood {
  const inner = categorical()
  let calls = 0
  return {
    ...inner,
    logLikelihood(outputs, labels) {
      before(calls++)
      return inner.logLikelihood(outputs, labels)
    },
  }
}

describe.each([
  ['adam', adam(), [0, 2, 3, 4, 5, 7, 8]],
  ['sgd with momentum', sgd({ momentum: 0.9 }), [4]],
] as const)('%s', (_, optimizer, stops) => {
  test.each(stops)('stopped after step %i and taken up again, a run ends with the bits of one never stopped', async (stop) => {
    const extra = { optimizer, earlyStopping: { metric: 'nll' }, samples: 2, compile: false } as const
    const whole = network()
    const expected = await fit(whole, data, options(extra))

    const store = new MemoryStore()
    const abort = new AbortController()
    // Validation evaluates the likelihood too: count by the steps that were saved.
    const checkpoint: CheckpointStore = {
      latest: () => store.latest(),
      save: async (saved) => {
        await store.save(saved)
        if (saved.position.epoch * BATCHES + saved.position.batch === stop + 1) abort.abort()
      },
    }
    const first = await fit(
      network(),
      data,
      options({ ...extra, checkpoint: { store: checkpoint, everySeconds: 0 }, signal: abort.signal }),
    )
    const resumed = network()
    const last = await fit(resumed, data, options({ ...extra, checkpoint: { store, everySeconds: 1000 } }))
    expect(weights(resumed)).toEqual(weights(whole))
    expect(untimed(last)).toEqual(untimed(expected))
    if (stop < EPOCHS * BATCHES - 1) expect(first.stopped).toBe('aborted')
  })
})

test('a checkpoint taken up twice gives the same run twice, compiled or not', async () => {
  const store = new MemoryStore()
  const abort = new AbortController()
  const likelihood = watched((call) => call === 4 && abort.abort())
  await fit(network(), data, options({ likelihood, compile: false, checkpoint: { store }, signal: abort.signal }))
  const { checkpoint } = store
  const ends = []
  for (const compile of [true, false]) {
    const model = network()
    const copy = new MemoryStore()
    copy.checkpoint = structuredClone(checkpoint)
    await fit(model, data, options({ compile, checkpoint: { store: copy } }))
    ends.push(weights(model))
  }
  expect(ends[0]).toEqual(ends[1])
})

test('a run that is done is not run again, and goes on where more epochs are asked for', async () => {
  const store = new MemoryStore()
  const extra = { learningRate: 0.05, beta: 1 }
  const model = network()
  const done = await fit(model, data, options({ ...extra, checkpoint: { store } }))
  const again = network()
  expect(untimed(await fit(again, data, options({ ...extra, checkpoint: { store } })))).toEqual(untimed(done))
  expect(weights(again)).toEqual(weights(model))

  const longer = network()
  await fit(longer, data, options({ ...extra, epochs: EPOCHS + 1, checkpoint: { store } }))
  const whole = network()
  await fit(whole, data, options({ ...extra, epochs: EPOCHS + 1 }))
  expect(weights(longer)).toEqual(weights(whole))
})

test('is saved at the end only, where the interval is long', async () => {
  const store = new MemoryStore()
  await fit(network(), data, options({ checkpoint: { store, everySeconds: 1000 } }))
  expect(store.saves).toBe(1)
  expect(store.checkpoint!.position).toEqual({ epoch: EPOCHS, batch: 0 })
})

test('nothing leaks', async () => {
  const model = network()
  await expectNoLeak(async () => {
    const store = new MemoryStore()
    const extra = { earlyStopping: {}, checkpoint: { store, everySeconds: 0 } }
    await fit(model, data, options(extra))
    await fit(model, data, options(extra))
    await expect(fit(model, data, options({ ...extra, seed: 12 }))).rejects.toThrow(CheckpointMismatchError)
  })
})

describe('early stopping', () => {
  test('ends where validation gets no better, with the weights of the best epoch', async () => {
    const snapshots: number[][] = []
    const model = network()
    const history = await fit(
      model,
      data,
      // A rate far too high for this network: validation soon gets worse.
      options({
        epochs: 50,
        learningRate: 0.5,
        beta: 1,
        earlyStopping: { patience: 2 },
        onEpoch: () => void snapshots.push(weights(model)),
      }),
    )
    const elbos = history.epochs.map(({ validation }) => validation!.elbo)
    const best = elbos.indexOf(Math.max(...elbos))
    expect(history.stopped).toBe('earlyStopped')
    expect(history.bestEpoch).toBe(best)
    expect(history.epochs).toHaveLength(best + 3)
    expect(weights(model)).toEqual(snapshots[best])
  })

  test('without patience all epochs run, and the best weights are kept', async () => {
    const snapshots: number[][] = []
    const model = network()
    const history = await fit(
      model,
      data,
      options({ earlyStopping: { metric: 'error' }, onEpoch: () => void snapshots.push(weights(model)) }),
    )
    const errors = history.epochs.map(({ validation }) => validation!.error!)
    expect(history.stopped).toBe('finished')
    expect(history.bestEpoch).toBe(errors.indexOf(Math.min(...errors)))
    expect(weights(model)).toEqual(snapshots[history.bestEpoch!])
  })

  test('needs validation data, a metric that there is, and a patience', async () => {
    const { validation: _, ...unvalidated } = data
    const without = { ...categorical(), predictionError: undefined } as unknown as Likelihood
    await expect(fit(network(), unvalidated, options({ earlyStopping: {} }))).rejects.toThrow(/validation data to judge by/)
    await expect(fit(network(), data, options({ earlyStopping: { metric: 'test' as 'nll' } }))).rejects.toThrow(
      /metric is 'test'/,
    )
    await expect(fit(network(), data, options({ earlyStopping: { metric: 'error' }, likelihood: without }))).rejects.toThrow(
      /has no error/,
    )
    await expect(fit(network(), data, options({ earlyStopping: { patience: 0 } }))).rejects.toThrow(InvalidOptionError)
  })
})

describe('a checkpoint of another run is refused by what differs', () => {
  const store = new MemoryStore()
  const checkpoint = { store }
  const resume = (extra: Partial<FitOptions>, model = network(), other = data) =>
    fit(model, other, options({ checkpoint, ...extra }))

  test.each<[string, () => Promise<History>, RegExp]>([
    ['seed', () => resume({ seed: 12 }), /seed was 11 and is now 12/],
    ['batchSize', () => resume({ batchSize: 7 }), /batchSize was 8 and is now 7/],
    ['model', () => resume({}, network(5)), /another run: model was/],
    [
      'model, of the same shapes',
      () =>
        resume(
          {},
          tf.sequential({
            layers: [
              ...network().layers.slice(0, 2),
              variationalDense({ units: 3, activation: 'tanh', initialSigma: 0.1, seed: 2 }),
            ],
          }),
        ),
      /model was/,
    ],
    ['data', () => resume({}, network(), { ...data, x: tf.add(x, 1) }), /data was x \[22,3\]/],
    ['beta', () => resume({ beta: 1 }), /beta was \{"name":"warmUp"/],
    ['learningRate', () => resume({ learningRate: 0.1 }), /learningRate was \{"name":"cosine"/],
    ['optimizer', () => resume({ optimizer: 'sgd' }), /optimizer was \{"name":"adam"/],
    ['likelihood', () => resume({ likelihood: { ...categorical(), name: 'mine' } }), /likelihood was \{"name":"categorical"/],
    ['epochs', () => resume({ epochs: 2 }), /epochs was 3 epochs done and is now 2/],
  ])('%s', async (setting, run, message) => {
    if (!store.checkpoint) await fit(network(), data, options({ checkpoint }))
    const failure = run()
    await expect(failure).rejects.toThrow(CheckpointMismatchError)
    await expect(failure).rejects.toThrow(message)
    await expect(failure).rejects.toMatchObject({ setting: setting.split(',')[0] })
  })

  test('no store', async () => {
    const wrong = { checkpoint: { store: 'runs/arcs' as unknown as CheckpointStore } }
    await expect(resume(wrong)).rejects.toThrow(/checkpoint\.store is 'runs\/arcs'; expected a store: openRunFolder/)
  })

  test('the message shows where two models differ, however much they have in common', async () => {
    if (!store.checkpoint) await fit(network(), data, options({ checkpoint }))
    const layers = [...network().layers.slice(0, 2), variationalDense({ units: 3, initialSigma: 0.2, seed: 2 })]
    await expect(resume({}, tf.sequential({ layers }))).rejects.toThrow(
      /was \.\.\..*"initialSigma":0\.1.* is now .*"initialSigma":0\.2/,
    )
  })

  test('an optimizer of tfjs, whose state cannot be saved whole', async () => {
    const optimizer = tf.train.adam(0.1)
    const { learningRate: _, ...rest } = options({ checkpoint, optimizer })
    await expect(fit(network(), data, rest)).rejects.toThrow(/needs their whole state/)
    optimizer.dispose()
  })

  test('a negative interval', async () => {
    await expect(resume({ checkpoint: { store, everySeconds: -1 } })).rejects.toThrow(/everySeconds is -1/)
  })
})

test('weights that a step spoils are never saved: the last good checkpoint stays', async () => {
  const store = new MemoryStore()
  const model = network()
  // The gradient is infinite from step 4 on, while the loss of that step is still finite.
  const likelihood = { ...watched(() => {}) }
  let calls = 0
  const spoiling: Likelihood = {
    ...likelihood,
    logLikelihood: (outputs, labels) => {
      const value = likelihood.logLikelihood(outputs, labels)
      return calls++ === 4 ? tf.add(value, tf.mul(0, tf.mul(1e30, tf.mul(1e30, tf.sqrt(tf.abs(tf.mul(0, value))))))) : value
    },
  }
  const { validation: _, ...unvalidated } = data
  const failure = fit(
    model,
    unvalidated,
    options({ likelihood: spoiling, compile: false, checkpoint: { store, everySeconds: 0 } }),
  )
  await expect(failure).rejects.toThrow(DivergedWeightsError)
  await expect(failure).rejects.toMatchObject({ epoch: 1, batch: 1 })
  expect(store.checkpoint!.position).toEqual({ epoch: 1, batch: 1 })
  for (const { values } of store.checkpoint!.tensors) for (const value of values) expect(Number.isFinite(value)).toBe(true)
})

test('layers without a seed of their own, which make one up in each process, are taken up too', async () => {
  const unseeded = (): tf.LayersModel => tf.sequential({ layers: [variationalDense({ units: 3, inputShape: [3] })] })
  const store = new MemoryStore()
  const first = unseeded()
  await fit(first, data, options({ checkpoint: { store } }))
  const second = unseeded()
  const seeds = [first, second].map((model) => model.layers[0]!.getConfig()['seed'])
  expect(seeds[0]).not.toBe(seeds[1])
  const history = await fit(second, data, options({ checkpoint: { store } }))
  expect(history.epochs).toHaveLength(EPOCHS)
  expect(weights(second)).toEqual(weights(first))
})
