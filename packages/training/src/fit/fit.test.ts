import * as tf from '@tensorflow/tfjs'
import { Normal } from '@tfjs-bayes/distributions'
import { variationalDense } from '@tfjs-bayes/layers'
import { expectNoLeak } from '@tfjs-bayes/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  DivergedLossError,
  InvalidOptionError,
  InvalidTargetError,
  NonFiniteDataError,
  ShapeMismatchError,
  UnsupportedModelError,
} from '../errors.ts'
import { categorical } from '../likelihoods/categorical.ts'
import { gaussian } from '../likelihoods/gaussian.ts'
import type { Likelihood } from '../likelihoods/likelihood.ts'
import { batchRanges } from '../loop/batchRanges.ts'
import { adam } from '../optimizers/adam.ts'
import { sgd } from '../optimizers/sgd.ts'
import type { ProgressReporter, TrainingProgress } from '../progress/progressReporter.ts'
import { deriveSeed, SeedPurpose } from '../random/deriveSeed.ts'
import { shuffledOrder } from '../random/shuffledOrder.ts'
import { cosineRate } from '../schedules/cosineRate.ts'
import { warmUpBeta } from '../schedules/warmUpBeta.ts'
import { fit } from './fit.ts'
import type { FitOptions, TrainingData } from './fitOptions.ts'
import type { EpochRecord } from './history.ts'
import { trainingStep } from './trainingStep.ts'

const ROWS = 37
let data: { x: tf.Tensor; y: tf.Tensor }

beforeEach(() => {
  data = {
    x: tf.randomNormal([ROWS, 3], 0, 1, 'float32', 5),
    y: tf.tensor1d(
      Array.from({ length: ROWS }, (_, i) => i % 3),
      'int32',
    ),
  }
})
afterEach(() => {
  tf.dispose(data)
})

function bayesian(): tf.LayersModel {
  const prior = new Normal({ mu: 0, sigma: 0.5 })
  return tf.sequential({
    layers: [
      variationalDense({ units: 5, inputShape: [3], activation: 'relu', prior, initialSigma: 0.1, seed: 1 }),
      variationalDense({ units: 3, prior, initialSigma: 0.1, seed: 2 }),
    ],
  })
}

function deterministic(units = 3): tf.LayersModel {
  const kernelInitializer = tf.initializers.glorotUniform({ seed: 4 })
  return tf.sequential({ layers: [tf.layers.dense({ units, inputShape: [3], kernelInitializer })] })
}

const weights = (model: tf.LayersModel): number[] => model.getWeights().flatMap((weight) => [...weight.dataSync()])
const options = (extra: Partial<FitOptions> = {}): FitOptions => ({
  likelihood: categorical(),
  epochs: 2,
  batchSize: 8,
  seed: 11,
  learningRate: 0.01,
  ...extra,
})

/** Calls back before each likelihood, which a training step evaluates once. */
function watched(before: (call: number) => void): Likelihood {
  const inner = categorical()
  let calls = 0
  return {
    ...inner,
    logLikelihood(outputs, y) {
      before(calls++)
      return inner.logLikelihood(outputs, y)
    },
  }
}

describe('what it does', () => {
  test('takes the steps it says: rows in the shuffled order of seed and epoch, noise and counter of the step', async () => {
    const model = bayesian()
    await fit(model, data, options())

    const twin = bayesian()
    const variables = twin.trainableWeights.map((weight) => weight.read() as tf.Variable)
    const optimizer = adam().start(variables)
    const seed = deriveSeed(11, SeedPurpose.trainingNoise)
    const step = trainingStep({
      model: twin,
      likelihood: categorical(),
      variables,
      optimizer,
      datasetSize: ROWS,
      samples: 1,
      seed,
    })
    for (let epoch = 0, counter = 0; epoch < 2; epoch++) {
      const order = shuffledOrder(ROWS, 11, epoch)
      for (const { start, rows } of batchRanges(ROWS, 8)) {
        const taken = tf.tensor1d(order.slice(start, start + rows), 'int32')
        const scalars = [tf.scalar(counter++, 'int32'), tf.scalar(1), tf.scalar(0.01)] as const
        tf.dispose(step(tf.gather(data.x, taken), tf.gather(data.y, taken), ...scalars))
      }
    }
    expect(weights(model)).toEqual(weights(twin))
  })

  test('the same seed gives the same bits, another seed others', async () => {
    const run = async (seed: number) => {
      const model = bayesian()
      const history = await fit(model, data, options({ seed, samples: 2 }))
      return { weights: weights(model), elbo: history.epochs.map(({ elbo }) => elbo) }
    }
    const first = await run(3)
    expect(await run(3)).toEqual(first)
    expect((await run(4)).weights).not.toEqual(first.weights)
  })

  test('compiled or not, the bits are the same', async () => {
    const [graph, eager] = [bayesian(), bayesian()]
    const validation = { x: data.x, y: data.y }
    const first = await fit(graph, { ...data, validation }, options({ epochs: 4 }))
    const second = await fit(eager, { ...data, validation }, options({ epochs: 4, compile: false }))
    expect(first.execution.compiled).toBe(tf.getBackend() === 'tensorflow')
    expect(second.execution).toEqual({ compiled: false, reason: 'compile: false' })
    expect(weights(graph)).toEqual(weights(eager))
    first.epochs.forEach(({ elbo, validation: held }, epoch) => {
      expect(elbo).toBeCloseTo(second.epochs[epoch]!.elbo, 6)
      expect(held!.elbo).toBeCloseTo(second.epochs[epoch]!.validation!.elbo, 6)
    })
  })

  test('lowers the negative ELBO of a learnable problem and learns it', async () => {
    const y = tf.tidy(() => tf.argMax(data.x, 1).toInt())
    const model = bayesian()
    const history = await fit(
      model,
      { x: data.x, y, validation: { x: data.x, y } },
      options({ epochs: 30, learningRate: 0.05, datasetSize: 2000 }),
    )
    const [first, last] = [history.epochs[0]!, history.epochs.at(-1)!]
    expect(last.elbo).toBeGreaterThan(first.elbo)
    expect(last.nll).toBeLessThan(0.7 * first.nll)
    expect(last.validation!.error).toBeLessThan(0.35)
    y.dispose()
  })

  test('without Bayesian layers it is maximum likelihood: the weights of tfjs’s own model.fit', async () => {
    // With sigma^2 = 1/2 the Gaussian NLL is the squared error and a constant.
    const y = tf.randomNormal([ROWS, 1], 0, 1, 'float32', 6)
    const ours = deterministic(1)
    const theirs = deterministic(1)
    const likelihood = gaussian({ sigma: Math.SQRT1_2 })
    const history = await fit(
      ours,
      { x: data.x, y },
      { likelihood, epochs: 5, batchSize: ROWS, seed: 1, optimizer: 'sgd', learningRate: 0.1 },
    )
    theirs.compile({ optimizer: tf.train.sgd(0.1), loss: 'meanSquaredError' })
    const reference = await theirs.fit(data.x, y, { epochs: 5, batchSize: ROWS, shuffle: false, verbose: 0 })
    weights(ours).forEach((weight, i) => {
      expect(weight).toBeCloseTo(weights(theirs)[i]!, 5)
    })
    const constant = 0.5 * Math.log(Math.PI)
    history.epochs.forEach(({ nll, kl, elbo }, epoch) => {
      expect(kl).toBe(0)
      expect(elbo).toBe(-nll)
      expect(nll - constant).toBeCloseTo(reference.history['loss']![epoch] as number, 5)
    })
    y.dispose()
  })

  test('the learning rate may follow a schedule; compiled or not, the bits are the same', async () => {
    const [graph, eager, constant] = [bayesian(), bayesian(), bayesian()]
    const extra = { learningRate: cosineRate({ from: 0.02 }), clipNorm: 0.5, optimizer: sgd({ momentum: 0.9 }) }
    const { epochs } = await fit(graph, data, options(extra))
    await fit(eager, data, options({ ...extra, compile: false }))
    await fit(constant, data, options({ ...extra, learningRate: 0.02 }))
    expect(epochs.map(({ learningRate }) => learningRate)).toEqual(
      [4, 9].map((step) => 0.01 * (1 + Math.cos((Math.PI * step) / 10))),
    )
    expect(weights(graph)).toEqual(weights(eager))
    expect(weights(graph)).not.toEqual(weights(constant))
  })

  test('an optimizer of tfjs goes on where it was, stays the caller’s, and has the numbers of ours', async () => {
    const once = bayesian()
    const optimizer = tf.train.adam(0.01)
    const { learningRate: _, ...rest } = options({ epochs: 1, optimizer })
    await fit(once, data, rest)
    const moved = weights(once)
    await fit(once, data, rest)
    const fresh = bayesian()
    await fit(fresh, data, options({ epochs: 1 }))
    // TensorFlow's own Adam rounds in another order than tfjs's does.
    weights(fresh).forEach((weight, i) => {
      expect(weight).toBeCloseTo(moved[i]!, 5)
    })
    await fit(fresh, data, options({ epochs: 1 }))
    expect(weights(fresh)).not.toEqual(weights(once))
    optimizer.dispose()
  })
})

describe('history', () => {
  test('means over an epoch are exact, with a short last batch, and the parts are reported apart', async () => {
    // No step moves the weights, so the epoch's NLL is that of the whole data set.
    const model = deterministic()
    const history = await fit(model, data, options({ epochs: 1, optimizer: 'sgd', learningRate: 1e-30 }))
    const whole = tf.tidy(
      () => tf.neg(tf.mean(categorical().logLikelihood(model.predict(data.x) as tf.Tensor, data.y))).dataSync()[0]!,
    )
    expect(history.epochs[0]!.nll).toBeCloseTo(whole, 6)
    expect(history.epochs[0]).toMatchObject({ epoch: 0, steps: 5, examples: ROWS, kl: 0, klPerExample: 0, beta: 1 })
  })

  test('elbo = -(nll + kl / N) with the given N and the whole KL, whatever beta', async () => {
    const { epochs } = await fit(bayesian(), data, options({ datasetSize: 1000, beta: 0.1 }))
    for (const { elbo, nll, kl, klPerExample, beta, seconds, examplesPerSecond } of epochs) {
      expect(klPerExample).toBe(kl / 1000)
      expect(elbo).toBe(-(nll + klPerExample))
      expect(beta).toBeCloseTo(0.1, 12)
      expect(examplesPerSecond * seconds).toBeGreaterThan(0)
    }
  })

  test('beta may follow a schedule: its mean over the epoch is reported, compiled or not', async () => {
    const beta = warmUpBeta({ epochs: 1 })
    const [graph, eager] = [bayesian(), bayesian()]
    const { epochs } = await fit(graph, data, options({ beta }))
    await fit(eager, data, options({ beta, compile: false }))
    // 8 rows each at 0, 0.2, 0.4, 0.6 and 5 rows at 0.8.
    expect(epochs[0]!.beta).toBeCloseTo((8 * 1.2 + 5 * 0.8) / ROWS, 12)
    expect(epochs[1]!.beta).toBe(1)
    expect(weights(graph)).toEqual(weights(eager))
    const constant = bayesian()
    await fit(constant, data, options())
    expect(weights(graph)).not.toEqual(weights(constant))
  })

  test('validation is scored, with the same noise each epoch, and never trained on', async () => {
    const [held, plain] = [bayesian(), bayesian()]
    const validation = { x: tf.slice(data.x, 0, 10), y: tf.slice(data.y, 0, 10) }
    const frozen = { optimizer: 'sgd', learningRate: 1e-30 } as const
    const still = await fit(bayesian(), { ...data, validation }, options(frozen))
    expect(still.epochs[1]!.validation).toEqual(still.epochs[0]!.validation)
    const history = await fit(held, { ...data, validation }, options({ datasetSize: 100 }))
    await fit(plain, data, options({ datasetSize: 100 }))
    expect(weights(held)).toEqual(weights(plain))
    const { elbo, nll, error } = history.epochs[0]!.validation!
    expect(elbo).toBeLessThan(-nll)
    expect(error! * 10).toBeCloseTo(Math.round(error! * 10), 5)
    tf.dispose(validation)
  })

  test('is plain data, and what onEpoch was told', async () => {
    const told: EpochRecord[] = []
    const history = await fit(bayesian(), data, options({ onEpoch: async (record) => void told.push(record) }))
    expect(history.stopped).toBe('finished')
    expect(history.epochs).toEqual(told)
    expect(JSON.parse(JSON.stringify(history))).toEqual(history)
  })
})

describe('abort', () => {
  test('ends after the step under way: the model and the history are as of that step', async () => {
    const abort = new AbortController()
    const likelihood = watched((call) => {
      if (call === 7) abort.abort()
    })
    const model = bayesian()
    const history = await fit(model, data, options({ likelihood, signal: abort.signal, compile: false }))
    expect(history.stopped).toBe('aborted')
    expect(history.epochs.map(({ steps, examples }) => [steps, examples])).toEqual([
      [5, ROWS],
      [3, 24],
    ])

    const seen: number[][] = []
    const twin = bayesian()
    await fit(twin, data, options({ likelihood: watched(() => seen.push(weights(twin))), compile: false }))
    expect(weights(model)).toEqual(seen[8])
  })

  test('before the first step nothing happens', async () => {
    const model = bayesian()
    const before = weights(model)
    const history = await fit(model, data, options({ signal: AbortSignal.abort() }))
    expect(history).toMatchObject({ epochs: [], stopped: 'aborted' })
    expect(weights(model)).toEqual(before)
  })

  test('timers and signals get their turn while it trains', async () => {
    const abort = new AbortController()
    setTimeout(() => abort.abort(), 100)
    const history = await fit(bayesian(), data, options({ epochs: 1_000_000, signal: abort.signal }))
    expect(history.stopped).toBe('aborted')
  })
})

describe('progress', () => {
  test('is told within an epoch, after each, and at the end', async () => {
    const seen: TrainingProgress[] = []
    const calls: string[] = []
    const progress: ProgressReporter = {
      onProgress: (now) => void seen.push(now),
      onEpoch: ({ epoch }) => void calls.push(`epoch ${epoch}`),
      onEnd: ({ stopped }) => void calls.push(stopped),
    }
    // Many steps, so that an epoch lasts longer than the reporting interval.
    await fit(bayesian(), data, options({ batchSize: 1, epochs: 8, progress }))
    expect(calls).toEqual([...Array.from({ length: 8 }, (_, i) => `epoch ${i}`), 'finished'])
    expect(seen.length).toBeGreaterThan(0)
    for (const now of seen) {
      expect(now).toMatchObject({ epochs: 8, steps: ROWS, examples: now.step })
      expect(now.elbo).toBe(-(now.nll + now.klPerExample))
      expect(now.etaSeconds).toBeGreaterThanOrEqual(0)
    }
  })
})

describe('memory', () => {
  test('nothing is left behind by a run, an abort or a failure', async () => {
    const model = bayesian()
    const abort = new AbortController()
    await expectNoLeak(async () => {
      await fit(model, { ...data, validation: data }, options({ samples: 2, validationSamples: 2 }))
      await fit(model, data, options({ optimizer: 'sgd', learningRate: 1e-3 }))
      const likelihood = watched((call) => call === 3 && abort.abort())
      await fit(model, data, options({ likelihood, signal: abort.signal }))
      await expect(fit(model, { x: data.x, y: data.x }, options())).rejects.toThrow()
      await expect(fit(bayesianOnce(model), data, options({ optimizer: 'sgd', learningRate: 1e30 }))).rejects.toThrow(
        DivergedLossError,
      )
    })
  })

  test('is flat over 1,000 steps', async () => {
    const model = bayesian()
    const counts: number[] = []
    await fit(model, data, options({ epochs: 200, onEpoch: () => void counts.push(tf.memory().numTensors) }))
    expect(new Set(counts).size).toBe(1)
  })
})

/** The model itself: its weights are spoiled, which the test that asks for it does last. */
const bayesianOnce = (model: tf.LayersModel): tf.LayersModel => model

describe('refusals', () => {
  test('a diverging loss stops with the epoch and the batch', async () => {
    const likelihood = watched(() => {})
    const broken: Likelihood = {
      ...likelihood,
      logLikelihood: (outputs, y) => tf.mul(likelihood.logLikelihood(outputs, y), calls++ === 8 ? Number.NaN : 1),
    }
    let calls = 0
    const failure = fit(bayesian(), data, options({ likelihood: broken, compile: false }))
    await expect(failure).rejects.toThrow(DivergedLossError)
    await expect(failure).rejects.toMatchObject({ epoch: 1, batch: 3 })
    await expect(failure).rejects.toThrow(/epoch 1, batch 3 .*learning rate/)
  })

  test.each<[string, Partial<FitOptions>, RegExp]>([
    ['no epochs', { epochs: 0 }, /epochs is 0; expected an integer of at least 1/],
    ['half a batch', { batchSize: 1.5 }, /batchSize is 1\.5/],
    ['zero samples', { samples: 0 }, /samples is 0/],
    ['a negative beta', { beta: -0.1 }, /beta is -0\.1/],
    ['beta NaN', { beta: Number.NaN }, /beta is NaN/],
    ['N smaller than the batch', { datasetSize: 5 }, /datasetSize is 5; expected at least the batchSize, 8/],
    ['N smaller than the data', { datasetSize: 36 }, /datasetSize is 36; expected at least the 37 rows/],
    ['a seed that is no int32', { seed: 2 ** 31 }, /seed is 2147483648/],
    ['a learning rate of 0', { learningRate: 0 }, /learningRate is 0/],
    ['a bound of 0', { clipNorm: 0 }, /clipNorm is 0/],
    ['an optimizer that is none', { optimizer: 'lbfgs' as 'adam' }, /optimizer is 'lbfgs'/],
  ])('%s', async (_, wrong, message) => {
    const failure = fit(bayesian(), data, options(wrong))
    await expect(failure).rejects.toThrow(InvalidOptionError)
    await expect(failure).rejects.toThrow(message)
  })

  test('a learning rate beside an optimizer that has its own', async () => {
    const optimizer = tf.train.adam(0.1)
    await expect(fit(bayesian(), data, options({ optimizer }))).rejects.toThrow(/learningRate/)
    optimizer.dispose()
  })

  test.each<[string, () => TrainingData, new (...args: never[]) => Error, RegExp]>([
    [
      'inputs of the wrong shape',
      () => ({ x: tf.zeros([4, 2]), y: tf.zeros([4]) }),
      ShapeMismatchError,
      /data\.x has shape \[4, 2\]; expected \[rows, 3\]/,
    ],
    [
      'targets of another number of rows',
      () => ({ x: tf.zeros([4, 3]), y: tf.zeros([5]) }),
      ShapeMismatchError,
      /data\.y has shape \[5\]; .* 4 rows/,
    ],
    ['no rows', () => ({ x: tf.zeros([0, 3]), y: tf.zeros([0]) }), ShapeMismatchError, /at least one row/],
    [
      'NaN',
      () => ({
        x: tf.tensor2d([
          [0, 0, 0],
          [0, Number.NaN, 0],
        ]),
        y: tf.zeros([2]),
      }),
      NonFiniteDataError,
      /data\.x\[1, 1\] is NaN/,
    ],
    ['a label out of range', () => ({ x: tf.zeros([2, 3]), y: tf.tensor1d([0, 3]) }), InvalidTargetError, /data\.y\[1\] is 3/],
    [
      'bad validation data',
      () => ({ x: tf.zeros([1, 3]), y: tf.zeros([1]), validation: { x: tf.zeros([1, 3]), y: tf.tensor1d([-1]) } }),
      InvalidTargetError,
      /validation\.y\[0\] is -1/,
    ],
  ])('%s', async (_, make, error, message) => {
    await expectNoLeak(async () => {
      const wrong = make()
      const model = bayesian()
      const { batchSize: _batch, ...rest } = options()
      const failure = fit(model, wrong, rest)
      await expect(failure).rejects.toThrow(error)
      await expect(failure).rejects.toThrow(message)
      tf.dispose([wrong, wrong.validation].flatMap((data) => (data && 'x' in data ? [data.x, data.y] : [])) as tf.Tensor[])
      model.dispose()
    })
  })

  test.each<[string, () => tf.LayersModel, RegExp]>([
    ['no weights', () => tf.sequential({ layers: [tf.layers.reLU({ inputShape: [3] })] }), /no trainable weights/],
    ['no layers', () => tf.sequential(), /no layers/],
    [
      'a regularizer',
      () =>
        tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [3], kernelRegularizer: 'l1l2', name: 'decayed' })] }),
      /'decayed' has a regularizer/,
    ],
    [
      'a softmax',
      () => tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [3], activation: 'softmax' })] }),
      /must be logits/,
    ],
  ])('a model with %s', async (_, make, message) => {
    const failure = fit(make(), data, options())
    await expect(failure).rejects.toThrow(UnsupportedModelError)
    await expect(failure).rejects.toThrow(message)
  })
})
